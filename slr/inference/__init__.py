"""What is done with a trained model beside testing it: what it looked at, its features, videos read as they come."""
