"""What live panels carry in a real Chromium inside a real JupyterLab."""
