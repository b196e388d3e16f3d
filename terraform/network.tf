# One network without external addresses: out through NAT, in only by ssh through IAP, node to node by service account.

resource "google_compute_network" "this" {
  name                            = var.name
  auto_create_subnetworks         = false
  delete_default_routes_on_create = false # NAT uses the default route
  mtu                             = 8896  # the maximum: fewer packets for gradients and shuffles

  depends_on = [google_project_service.this]
}

resource "google_compute_subnetwork" "this" {
  name                     = var.name
  network                  = google_compute_network.this.id
  region                   = var.region
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "this" {
  name    = var.name
  network = google_compute_network.this.id
  region  = var.region
}

resource "google_compute_router_nat" "this" {
  name                               = var.name
  router                             = google_compute_router.this.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

resource "google_compute_firewall" "ssh_by_iap" {
  name                    = "${var.name}-ssh-by-iap"
  description             = "ssh through Identity-Aware Proxy, from nowhere else."
  network                 = google_compute_network.this.id
  direction               = "INGRESS"
  source_ranges           = ["35.235.240.0/20"] # IAP's range
  target_service_accounts = [for account in google_service_account.this : account.email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

# Spark's and Horovod's processes choose their ports, so the nodes of an account can reach each other on all of them.
# Gloo's traffic is plain text: this network is its boundary.
resource "google_compute_firewall" "between_nodes" {
  for_each = google_service_account.this

  name                    = "${var.name}-between-${each.key}-nodes"
  description             = "Nodes of one service account among themselves."
  network                 = google_compute_network.this.id
  direction               = "INGRESS"
  source_service_accounts = [each.value.email]
  target_service_accounts = [each.value.email]

  allow {
    protocol = "tcp"
  }
  allow {
    protocol = "udp"
  }
  allow {
    protocol = "icmp"
  }
}

# Machines of a serverless batch have a tag that its command sets.
resource "google_compute_firewall" "between_serverless" {
  name        = "${var.name}-between-serverless"
  description = "Machines of serverless batches among themselves."
  network     = google_compute_network.this.id
  direction   = "INGRESS"
  source_tags = ["${var.name}-serverless"]
  target_tags = ["${var.name}-serverless"]

  allow {
    protocol = "tcp"
  }
  allow {
    protocol = "udp"
  }
  allow {
    protocol = "icmp"
  }
}
