// The rules of nftables that keep pod packets between nodes inside WireGuard. Loaded before pods exist, and in force without any peer too: a
// packet for another node's pod never leaves in clear, by whatever route.

export interface LinkRules {
  readonly table: string
  readonly device: string
  /** Every pod of the cluster, and those of this node. */
  readonly clusterPods: string
  readonly localPods: string
}

/** Replaces the table in one transaction. Pure. */
export function renderLinkRules({ table, device, clusterPods, localPods }: LinkRules): string {
  const others = `ip saddr ${clusterPods} ip saddr != ${localPods}`
  return `table inet ${table}
delete table inet ${table}
table inet ${table} {
  counter spoofed {
  }
  counter unencrypted {
  }
  chain arriving {
    type filter hook prerouting priority raw + 5; policy accept;
    iifname "${device}" meta nfproto ipv6 drop
    iifname "${device}" ip saddr != ${clusterPods} counter name spoofed drop
    iifname "${device}" ip saddr ${localPods} counter name spoofed drop
    iifname "${device}" ip daddr != ${localPods} drop
    iifname != { "lo", "${device}" } ${others} counter name spoofed drop
  }
  chain to_node {
    type filter hook input priority filter - 3; policy accept;
    iifname "${device}" ct state != { established, related } drop
  }
  chain segments {
    type filter hook forward priority mangle; policy accept;
    iifname "${device}" tcp flags syn tcp option maxseg size set rt mtu
    oifname "${device}" tcp flags syn tcp option maxseg size set rt mtu
  }
  chain leaving {
    type filter hook postrouting priority srcnat + 10; policy accept;
    oifname "${device}" ip saddr != ${localPods} drop
    ip daddr ${clusterPods} ip daddr != ${localPods} oifname != { "lo", "${device}" } counter name unencrypted drop
  }
}
`
}
