"""
Trained models behind a page and a JSON API, for the command `elmo-serve`.

`ServedModel` is what is known of a model, `Service` answers requests in batches and within limits, `app` puts both
behind HTTP with FastAPI, `server` runs that until a signal ends it, and `page.html` is what a browser is given. Only
`app` and `server` need the libraries of the optional group `serve`.
"""
