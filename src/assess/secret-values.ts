// The values in the manifest of a Secret, as the Secret will hold them.
import type { Secret } from '../api/types/core-v1.ts'

export interface SecretValue {
  readonly key: string
  /** Decoded; bytes that are not UTF-8 become replacement characters. */
  readonly value: string
  readonly field: 'data' | 'stringData'
}

/** Non-empty values. The control plane fills a Secret for a ServiceAccount token, and values in its manifest are not used. */
export function secretValues({ data, stringData, type }: Secret): SecretValue[] {
  if (type === 'kubernetes.io/service-account-token') return []
  const plain = Object.entries(stringData ?? {}).map(([key, value]): SecretValue => ({ key, value, field: 'stringData' }))
  const encoded = Object.entries(data ?? {}).map(([key, value]): SecretValue => {
    return { key, value: Buffer.from(value ?? '', 'base64').toString(), field: 'data' }
  })
  return [...plain, ...encoded].filter(({ value }) => value !== '')
}
