// How the test driver checks the token of a pod: by a TokenReview of the API server.
import { request } from 'node:https'
import { isJsonObject, isTexts, parseJson } from '../../src/base/json.ts'

interface Reviewer {
  /** `https://host:port`. */
  readonly server: string
  /** PEM. */
  readonly ca: string
  /** The driver's own token. */
  readonly bearer: string
}

export const tokenReview =
  (reviewer: Reviewer, audience: string) =>
  async (token: string, pod: { readonly namespace: string; readonly name: string; readonly uid: string }): Promise<string | undefined> => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [audience] } }
    return refusalOf(await post(reviewer, '/apis/authentication.k8s.io/v1/tokenreviews', JSON.stringify(review)), audience, pod)
  }

/** Undefined if the review says that the token is the pod's. */
export function refusalOf(answer: unknown, audience: string, pod: { readonly name: string; readonly uid: string }): string | undefined {
  const status = isJsonObject(answer) ? answer['status'] : undefined
  if (!isJsonObject(status) || status['authenticated'] !== true) return 'the API server does not accept the token'
  if (!isTexts(status['audiences']) || !status['audiences'].includes(audience)) return 'the token is for another audience'
  const user = status['user']
  const extra = isJsonObject(user) && isJsonObject(user['extra']) ? user['extra'] : {}
  const of = (key: string): string => (isTexts(extra[key]) ? (extra[key][0] ?? '') : '')
  if (of('authentication.kubernetes.io/pod-uid') !== pod.uid || of('authentication.kubernetes.io/pod-name') !== pod.name)
    return 'the token is of another pod'
  return undefined
}

function post({ server, ca, bearer }: Reviewer, path: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server}${path}`,
      { method: 'POST', ca, headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' } },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve(parseJson(Buffer.concat(chunks).toString('utf8'))))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
