// Asks somebody outside of the cluster: a webhook that is sent a SubjectAccessReview, and whose answers are kept for a while.
import { createHash } from 'node:crypto'
import { AnswerError } from '../../base/answer-error.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf } from '../../base/user-error.ts'
import type { Attributes, WebhookAuthorizer, WebhookDecision } from '../access.ts'
import type { WebhookEndpoint, WebhookSettings } from '../authorization-configuration.ts'
import { BoundedCache } from '../bounded-cache.ts'
import { isOwnPart } from '../own-parts.ts'
import { type ReviewStatus, readReviewStatus, reviewBody, reviewSpec } from '../subject-access-review.ts'
import type { Matches } from '../webhook-conditions.ts'
import type { AuthorizationWebhookMetrics, RoundTrip } from '../webhook-metrics.ts'

export interface WebhookParts {
  /**
   * POSTs over verified TLS, follows no redirect, and resolves with the bounded body of a success. Rejects with an `AnswerError` for another answer, with
   * an Error for none.
   */
  post(endpoint: WebhookEndpoint, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: AuthorizationWebhookMetrics
  /** In [0, 1): pauses are spread. */
  random(): number
  /** Of the server. */
  readonly signal: AbortSignal
}

/** Answers that are kept, as upstream's; each holds a hash and a bounded reason. */
export const maxKeptAnswers = 8192
/** Characters of what the user chooses in a question, beyond which its answer is not kept: else they would drive out all others. */
export const maxKeptQuestion = 10_000
/** Different questions that wait at the same time. */
export const maxOpenQuestions = 1024
const attempts = 5
const firstPauseMs = 500
const pauseFactor = 1.5
const pauseJitter = 0.2

interface Kept {
  readonly status: ReviewStatus
  readonly until: number
}

export function createWebhookAuthorizer(name: string, settings: WebhookSettings, matches: Matches, parts: WebhookParts): WebhookAuthorizer {
  const { clock, log, metrics } = parts
  const kept = new BoundedCache<Kept>(maxKeptAnswers)
  const open = new Map<string, Promise<WebhookDecision>>()
  let answers = true

  const failed = (error: string): WebhookDecision => ({ decision: settings.failsClosed ? 'deny' : 'no-opinion', reason: '', error })

  const decisionOf = ({ allowed, denied, reason }: ReviewStatus): WebhookDecision => {
    if (denied || allowed) metrics.decided(name, denied ? 'denied' : 'allowed')
    if (denied && allowed) return { decision: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' }
    return { decision: denied ? 'deny' : allowed ? 'allow' : 'no-opinion', reason }
  }

  const askNow = async (key: string, body: Buffer, keeps: boolean): Promise<WebhookDecision> => {
    try {
      const status = await askAgain(name, settings, body, parts)
      if (!answers) log.info('authorization webhook answers again', { authorizer: name })
      answers = true
      const ms = status.allowed ? settings.authorizedMs : settings.unauthorizedMs
      if (keeps) kept.set(key, { status, until: clock.monotonic() + ms })
      return decisionOf(status)
    } catch (err) {
      // Whoever asked is not told the address, nor what is behind it.
      log[answers ? 'error' : 'debug']('authorization webhook failed', { authorizer: name, err })
      answers = false
      if (!settings.failsClosed) metrics.failedOpen(name, resultOf(err))
      return failed(`authorization webhook ${JSON.stringify(name)} failed`)
    } finally {
      open.delete(key)
    }
  }

  return {
    name,
    ask(attributes) {
      if (isOwnPart(attributes.user)) return { decision: 'no-opinion', reason: '' }
      const spec = reviewSpec(attributes)
      const { met, error } = matches(spec)
      if (error !== undefined) {
        metrics.conditionFailed(name)
        log.error('match condition of an authorization webhook failed', { authorizer: name, why: error })
        return failed(`match conditions of authorization webhook ${JSON.stringify(name)} failed`)
      }
      if (!met) {
        metrics.excluded(name)
        return { decision: 'no-opinion', reason: '' }
      }
      const body = reviewBody(spec, settings.version)
      const key = createHash('sha256').update(body).digest('base64')
      const known = kept.get(key)
      if (known !== undefined && clock.monotonic() < known.until) return decisionOf(known.status)
      const asked = open.get(key)
      if (asked !== undefined) return asked
      if (open.size >= maxOpenQuestions) return failed(`authorization webhook ${JSON.stringify(name)} is asked too much at once`)
      const asking = askNow(key, body, isKeepable(attributes))
      open.set(key, asking)
      return asking
    },
  }
}

function isKeepable({
  namespace,
  verb,
  group,
  version,
  resource,
  subresource,
  name,
  path,
  fieldSelector = '',
  labelSelector = '',
}: Attributes): boolean {
  const chosen = [namespace, verb, group, version, resource, subresource, name, path, fieldSelector, labelSelector]
  return chosen.reduce((sum, text) => sum + text.length, 0) < maxKeptQuestion
}

/** The answer makes no sense. */
class NoReview extends Error {}

/** With growing pauses where upstream tries again. Rejects with what went wrong last. */
async function askAgain(name: string, settings: WebhookSettings, body: Buffer, parts: WebhookParts): Promise<ReviewStatus> {
  const { endpoint, timeoutMs, version } = settings
  const { clock, metrics, signal } = parts
  for (let attempt = 1; ; attempt++) {
    const began = clock.monotonic()
    const took = (result: RoundTrip) => metrics.roundTrip(name, result, (clock.monotonic() - began) / 1000)
    try {
      const status = readReviewStatus(await parts.post(endpoint, body, timeoutMs / 1000, signal), version)
      if (status === undefined) throw new NoReview(`the webhook gave no SubjectAccessReview of authorization.k8s.io/${version}`)
      took('success')
      return status
    } catch (err) {
      took(resultOf(err))
      if (signal.aborted || attempt >= attempts || !isPassing(err)) throw err
      const ms = firstPauseMs * pauseFactor ** (attempt - 1)
      await pause(clock, ms * (1 + pauseJitter * parts.random()), signal)
    }
  }
}

/** Whether another try may help. */
function isPassing(err: unknown): boolean {
  if (err instanceof AnswerError) return err.status === 500 || err.status === 504 || err.status === 429
  return err instanceof Error && codeOf(err.cause) === 'ECONNRESET'
}

const resultOf = (err: unknown): RoundTrip =>
  err instanceof Error && err.message.endsWith('context deadline exceeded') ? 'timeout' : 'error'
