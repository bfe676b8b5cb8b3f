"""What people see: ipywidgets and bokeh; nobody imports it but lessons."""
