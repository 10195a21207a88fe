// The one token that a node gets besides those of its pods: for the DNS part that runs beside it.

/** The account of every DNS part. */
export const clusterDnsAccount = { namespace: 'kube-system', name: 'cluster-dns' } as const

/** The longest lifetime of such a token. */
export const dnsTokenSeconds = 3600
