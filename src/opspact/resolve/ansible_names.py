"""The filters and tests that Ansible adds to those of Jinja, which templates of opspact do not have.

Comes in: nothing. Goes out: names: those of ansible.builtin, and of collections what is used most.
"""

_FILTERS = """
b64decode b64encode basename bool checksum combinations combine comment commonpath dict2items difference dirname
expanduser expandvars extract fileglob flatten from_ini from_json from_yaml from_yaml_all hash human_readable
human_to_bytes intersect ipaddr ipv4 ipv6 items2dict json_query log mandatory md5 mysql_hash normpath password_hash
path_join permutations pow product quote random realpath regex_escape regex_findall regex_replace regex_search
rekey_on_member relpath root sha1 shuffle split splitext strftime subelements symmetric_difference ternary
to_datetime to_ini to_json to_nice_json to_nice_yaml to_uuid to_yaml type_debug undef union unique unvault urldecode
urlsplit vault win_basename win_dirname win_splitdrive zip zip_longest
"""
_TESTS = """
abs all any change changed contains directory exists failed failure falsy file finished is_abs is_dir is_file
is_link is_mount is_same_file isnan issubset issuperset link link_exists match mount nan reachable regex same_file
search skip skipped started subset succeeded success successful superset timedout truthy unreachable uri url urn
vault_encrypted vaulted_file version version_compare
"""

ANSIBLE_FILTERS = frozenset(_FILTERS.split())
ANSIBLE_TESTS = frozenset(_TESTS.split())
