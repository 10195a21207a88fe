// Signatures of bootstrap tokens on the ConfigMap `cluster-info`: the holder of a token can verify that the cluster's description is
// genuine. Pure.
import { createHmac } from 'node:crypto'
import { bootstrapTokenOf } from '../../api/credentials/bootstrap-token.ts'
import type { ConfigMap, Secret } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'

const contentKey = 'kubeconfig'
const signaturePrefix = 'jws-kubeconfig-'

export interface SignaturePlan {
  /** The new data of the ConfigMap; undefined if it is up to date. */
  readonly data: Readonly<Record<string, string>> | undefined
  /** When the first of the tokens expires, in milliseconds since the epoch. */
  readonly nextEnd: number | undefined
}

/** One signature for each token that may sign, and no others. Without a description there is nothing to sign, and the data stays. */
export function planSignatures({ data }: ConfigMap, secrets: readonly Secret[], now: number): SignaturePlan {
  const content = data?.[contentKey]
  if (data == null || content === undefined) return { data: undefined, nextEnd: undefined }
  const tokens = secrets
    .map(bootstrapTokenOf)
    .filter(token => token !== undefined)
    .filter(({ signs, expires }) => signs && (expires === undefined || expires > now))
  const wanted = new Map(tokens.map(({ id, secret }) => [`${signaturePrefix}${id}`, detachedSignature(content, id, secret.reveal())]))
  const found = Object.entries(data).filter(([key]) => key.startsWith(signaturePrefix))
  const isCurrent = found.length === wanted.size && found.every(([key, signature]) => wanted.get(key) === signature)
  const ends = tokens.flatMap(({ expires }) => (expires === undefined ? [] : [expires]))
  const others = Object.entries(data).filter(([key]) => !key.startsWith(signaturePrefix))
  return {
    data: isCurrent ? undefined : Object.fromEntries([...others, ...wanted]),
    nextEnd: ends.length === 0 ? undefined : Math.min(...ends),
  }
}

/** A JSON Web Signature (RFC 7515, appendix F) in compact form with HMAC-SHA256, without its content. */
function detachedSignature(content: string, keyId: string, key: string): string {
  const header = Buffer.from(writeJson({ alg: 'HS256', kid: keyId })).toString('base64url')
  const signed = `${header}.${Buffer.from(content).toString('base64url')}`
  return `${header}..${createHmac('sha256', key).update(signed).digest('base64url')}`
}
