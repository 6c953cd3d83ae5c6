#!/bin/sh
# Repair of the office web application 1.4: the packages' own files are put back, then the service is started again.
set -eu
apt-get install --reinstall --yes nginx
systemctl restart nginx.service
