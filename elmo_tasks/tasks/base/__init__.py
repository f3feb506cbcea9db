"""What tasks share; a task uses what it needs: a model's vectors and parts, a reader's and a predictor's beginnings."""
