// Who a request comes from, as authentication.k8s.io/v1 UserInfo has it.

export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}
