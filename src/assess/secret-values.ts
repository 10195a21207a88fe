// The values that a manifest of a Secret holds, as the Secret will hold them.
import type { Secret } from '../api/types/core-v1.ts'

export interface SecretValue {
  readonly key: string
  /** Decoded; what is no UTF-8 has replacement characters. */
  readonly value: string
  readonly field: 'data' | 'stringData'
}

/** Those that say something. A Secret of a ServiceAccount's token is filled by the control plane, and what a manifest writes into it is not used. */
export function secretValues({ data, stringData, type }: Secret): SecretValue[] {
  if (type === 'kubernetes.io/service-account-token') return []
  const plain = Object.entries(stringData ?? {}).map(([key, value]): SecretValue => ({ key, value, field: 'stringData' }))
  const encoded = Object.entries(data ?? {}).map(([key, value]): SecretValue => {
    return { key, value: Buffer.from(value ?? '', 'base64').toString(), field: 'data' }
  })
  return [...plain, ...encoded].filter(({ value }) => value !== '')
}
