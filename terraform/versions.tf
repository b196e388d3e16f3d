# State is kept on this machine unless examples/remote-state.tf.example is copied here; it holds no secrets.
terraform {
  required_version = ">= 1.9, < 2.0" # validations that refer to other variables came with 1.9

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
  # Requests about budgets and KMS count for this project, also with personal credentials.
  billing_project       = var.project
  user_project_override = true
}
