"""Tests of the AWS Secrets Manager store."""
