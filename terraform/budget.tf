# A budget only warns. The limits that stop machines are in dataproc.tf (idle_delete_ttl) and gpu.tf (max_run_duration).
resource "google_billing_budget" "this" {
  count = var.billing_account == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = "${var.name}: landmark recognition"

  budget_filter {
    projects = ["projects/${one(data.google_project.this).number}"]
  }
  amount {
    specified_amount {
      units = tostring(floor(var.monthly_budget))
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  depends_on = [google_project_service.this]
}
