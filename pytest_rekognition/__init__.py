"""Contract testing for code that calls the Amazon Rekognition face APIs."""
