// The endpoint and credentials of a webhook, from a kubeconfig file.

export interface WebhookIdentity {
  /** PEM; both or neither. */
  readonly certificate?: string
  readonly key?: string
  /** The whole header; never logged. */
  readonly authorization?: string
}

export interface WebhookEndpoint {
  readonly url: string
  /** PEM; undefined means the system's CAs. */
  readonly authorities: string | undefined
  readonly serverName: string | undefined
  readonly identity: WebhookIdentity
}
