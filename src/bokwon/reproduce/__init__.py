"""The paper's experiments, one function each: from images and masks to a page with tables and pictures.

Needs `bokwon[train,eval]`. The command is `bokwon reproduce`.
"""
