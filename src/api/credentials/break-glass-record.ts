// The ConfigMap in which the server records the latest use of the group system:masters, for `bulkhead status`.
export const breakGlassRecord = { namespace: 'kube-system', name: 'bulkhead-break-glass' } as const

export interface BreakGlassUse {
  /** RFC 3339. */
  readonly time: string
  readonly user: string
  readonly address: string
  /** Such as `x509:<sha256>`. */
  readonly credential: string
  /** The user whom it acted as in the group, by impersonation; '' if the credential itself is of the group. */
  readonly actingAs: string
}
