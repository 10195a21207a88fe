// Where the server sends reviews, and as whom: what a kubeconfig file says.

export interface WebhookIdentity {
  /** PEM; both or none. */
  readonly certificate?: string
  readonly key?: string
  /** The whole header; never logged. */
  readonly authorization?: string
}

export interface WebhookEndpoint {
  readonly url: string
  /** PEM; undefined for those that the system trusts. */
  readonly authorities: string | undefined
  readonly serverName: string | undefined
  readonly identity: WebhookIdentity
}
