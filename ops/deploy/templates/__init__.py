"""The CloudFormation templates beside `.chalice/resources.json`, which is written by hand.

`python -m ops.deploy.templates` writes them, and a test holds that they are written. A file each,
because CloudFormation takes 51,200 bytes from a command line, and because they live and end apart:
tables and reports stay, alarms change with the code, and a private network is for who wants one.
"""
