# What the machines of a plan cost while they run, from list prices. Storage, traffic and serverless batches are not
# counted.

locals {
  prices = yamldecode(file("${path.module}/prices.yaml"))

  # Per kind of machine: its family, and its number of cores.
  machine_kinds = { node = local.machine_type, master = var.master_machine_type, worker = var.worker_machine_type }
  families      = { for kind, type in local.machine_kinds : kind => local.prices.machines[regex("^(.+)-[0-9]+g?$", type)[0]] }
  cores = {
    for kind, type in local.machine_kinds :
    kind => tonumber(regex("([0-9]+)g?$", type)[0]) * try(local.families[kind].cores_per_gpu, 1)
  }
  # Per hour, without GPUs and disks.
  machine_costs = {
    for kind, family in local.families : kind => local.cores[kind] * (family.core + family.gb_per_core * family.gb)
  }
  disk_costs = { for type, price in local.prices.disks : type => price / local.prices.hours_per_month } # per hour and GB

  spot_share = var.spot ? local.prices.spot_share : 1
  node_cost = local.spot_share * (
    local.machine_costs.node + var.gpu_count * local.prices.gpus[var.gpu_type] +
    var.gpu_count * try(local.families.node.ssd_per_gpu, 0) * local.disk_costs["local-ssd"]
  )
  spot_worker_cost = (
    local.prices.spot_share * local.machine_costs.worker + local.prices.dataproc_core * local.cores.worker +
    local.secondary_disk_gb * local.disk_costs["pd-standard"]
  )
  cluster_cost = (
    local.machine_costs.master + var.primary_workers * local.machine_costs.worker +
    local.prices.dataproc_core * (local.cores.master + var.primary_workers * local.cores.worker) +
    local.master_disk_gb * local.disk_costs["pd-standard"] +
    var.primary_workers * local.primary_disk_gb * local.disk_costs["pd-balanced"]
  )

  clusters      = var.preprocess_cluster ? 1 : 0
  machines      = var.train_nodes + local.clusters * (1 + var.primary_workers)
  spot_machines = local.clusters * var.secondary_workers_max
  costs = [
    { part = "GPU nodes", cost = var.train_nodes * local.node_cost },
    { part = "their disks, also while they are off", cost = var.train_nodes * var.boot_disk_gb * local.disk_costs["pd-balanced"] },
    { part = "cluster", cost = local.clusters * local.cluster_cost },
    { part = "network address and NAT", cost = local.machines == 0 ? 0 : local.prices.nat.address + local.machines * local.prices.nat.machine },
  ]
  cost         = sum(local.costs[*].cost)
  spot_cost    = local.spot_machines * (local.spot_worker_cost + local.prices.nat.machine)
  cost_by_part = join(", ", [for line in local.costs : "${line.part} ${format("%.2f", line.cost)}" if line.cost > 0])
}

output "cost_per_hour" {
  description = "US dollars per hour while all machines of the plan run: list prices of us-central1 (prices.yaml), computed, not billed."
  value = local.cost == 0 ? "0.00: no machine" : join("", [
    format("%.2f", local.cost), local.spot_cost > 0 ? format(" to %.2f", local.cost + local.spot_cost) : "",
    ": ${local.cost_by_part}",
    local.spot_cost > 0 ? format(", up to %d spot workers %.2f", local.spot_machines, local.spot_cost) : "",
  ])
}
