"""The HTTP interface and the page in the browser: application, security, limits, jobs, problems, opened folders."""
