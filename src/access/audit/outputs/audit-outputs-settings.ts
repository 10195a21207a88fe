// Where the audit log goes besides its files: an AuditConfiguration, with the content of the files that it names.

/** An HTTPS server whose certificate must be valid. */
export interface AuditTlsEndpoint {
  readonly url: string
  /** PEM; undefined means those of the system. */
  readonly authorities: string | undefined
  /** Sent as a bearer token; never logged. */
  readonly token: string | undefined
}

/** Sees each checkpoint: a file on another medium, or a server of C2SP tlog-witness. */
export type WitnessSettings =
  | { readonly name: string; readonly file: string }
  | { readonly name: string; readonly endpoint: AuditTlsEndpoint /** As a verifier of signed notes takes it. */; readonly key: string }

/** Gets each record: as JSON by POST, by syslog over TLS (RFC 5425), or as OTLP logs over HTTP. */
export type SinkSettings =
  | { readonly name: string; readonly kind: 'webhook' | 'otlp'; readonly endpoint: AuditTlsEndpoint }
  | {
      readonly name: string
      readonly kind: 'syslog'
      readonly host: string
      readonly port: number
      readonly authorities: string | undefined
    }

/** Whose records are sealed to which readers. The first match decides; an empty list means all, with those of the cluster itself. */
export interface SealSettings {
  readonly namespaces: readonly string[]
  /** X25519 public keys in base64. */
  readonly recipients: readonly string[]
}

export interface AuditOutputsSettings {
  readonly epochMs: number | undefined
  readonly witnesses: readonly WitnessSettings[]
  readonly sinks: readonly SinkSettings[]
  readonly seal: readonly SealSettings[]
}
