"""Talk to forges (GitLab, GitHub, Gitea, Gitee): one comment on a pull request.

In: Markdown, where to put it, a token. Out: a comment, made or updated. May not: know what the Markdown says; reach a
host; show a token.
"""
