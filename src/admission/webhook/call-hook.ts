// One call of one webhook: sends the review and returns the outcome.

import { type ApiError, badRequest } from '../../api/status.ts'
import type { WebhookClientConfig } from '../../api/types/admissionregistration-v1.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { ClientIdentities } from './client-identity.ts'
import type { AnyWebhook, Hook } from './hook.ts'
import { InvalidAnswer, type ReviewAnswer, readAnswer, rejection, reviewBody, reviewVersion } from './review.ts'

/** Sends reviews. */
export interface ReviewSender {
  /**
   * POSTs the body over TLS to the endpoint of `client`, follows no redirect, and resolves with the size-limited body of a 2xx answer.
   * Rejects with an Error in the words of Go's client, or with the signal's reason.
   */
  send(
    client: WebhookClientConfig,
    body: Buffer,
    timeoutSeconds: number,
    signal: AbortSignal,
    identities?: ClientIdentities,
  ): Promise<Buffer>
  /** The same to the endpoint of a kubeconfig. */
  post(endpoint: WebhookEndpoint, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer>
}

export type CallOutcome =
  | { readonly outcome: 'answered'; readonly answer: ReviewAnswer }
  /** Without an answer if the webhook was not called. */
  | { readonly outcome: 'rejected'; readonly error: ApiError; readonly answer?: ReviewAnswer }
  /** No answer, or an invalid one: the failure policy decides. */
  | { readonly outcome: 'failed'; readonly message: string }

export interface CallParts {
  readonly sender: ReviewSender
  readonly newUid: () => string
  /** The identities for calls of webhooks; default: none. */
  readonly identities?: ClientIdentities
}

/** Default timeout of a call, in seconds. */
const defaultTimeoutSeconds = 10

/** `reviewed` returns the JSON of the request in the version that the hook's rules name. Rejects only if `signal` aborts. */
export async function callHook(
  { webhook }: Hook,
  request: AdmissionRequest,
  reviewed: () => string,
  mutating: boolean,
  parts: CallParts,
  signal: AbortSignal,
  maxSeconds = Number.POSITIVE_INFINITY,
): Promise<CallOutcome> {
  const { name, sideEffects, clientConfig, admissionReviewVersions, timeoutSeconds = defaultTimeoutSeconds } = webhook
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    return { outcome: 'rejected', error: badRequest(`admission webhook ${writeJson(name)} does not support dry run`) }
  }
  const version = reviewVersion(admissionReviewVersions)
  if (version === undefined) {
    return failure(webhook, 'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)')
  }
  const uid = parts.newUid()
  let body: Buffer
  try {
    const seconds = Math.min(timeoutSeconds, maxSeconds)
    body = await parts.sender.send(clientConfig, reviewBody(version, uid, reviewed()), seconds, signal, parts.identities)
  } catch (err) {
    signal.throwIfAborted()
    return failure(webhook, `failed to call webhook: ${err instanceof Error ? err.message : String(err)}`)
  }
  try {
    const answer = readAnswer(body, version, uid, mutating)
    return answer.allowed ? { outcome: 'answered', answer } : { outcome: 'rejected', error: rejection(name, answer.result), answer }
  } catch (err) {
    if (!(err instanceof InvalidAnswer)) throw err
    return failure(webhook, err.unreadable ? `failed to call webhook: ${err.message}` : `received invalid webhook response: ${err.message}`)
  }
}

const failure = ({ name }: AnyWebhook, why: string): CallOutcome => ({
  outcome: 'failed',
  message: `failed calling webhook ${writeJson(name)}: ${why}`,
})
