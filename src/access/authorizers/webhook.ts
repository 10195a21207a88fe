// An external authorizer: a webhook gets a SubjectAccessReview, and its answers are cached for a while.
import { createHash } from 'node:crypto'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Attributes, WebhookAuthorizer, WebhookDecision } from '../access.ts'
import type { WebhookSettings } from '../webhook/authorization-configuration.ts'
import { callWebhook, type Question, roundTripOf, type WebhookCallParts } from '../webhook/call-webhook.ts'
import { type ReviewStatus, readReviewStatus, reviewBody, reviewSpec } from '../webhook/subject-access-review.ts'
import { WebhookAnswers } from '../webhook/webhook-answers.ts'
import type { Matches } from '../webhook/webhook-conditions.ts'
import type { AuthorizationWebhookMetrics } from '../webhook/webhook-metrics.ts'
import { isOwnPart } from './own-parts.ts'

export interface WebhookParts extends WebhookCallParts {
  readonly log: Logger
  readonly metrics: AuthorizationWebhookMetrics
}

/** Limit of cached answers, as upstream; each holds a hash and a short reason. */
export const maxCachedAnswers = 8192
/** Limit of characters chosen by the user in a cached question: otherwise one user could evict all other answers. */
export const maxCachedQuestion = 10_000
/** Limit of different questions that wait at the same time. */
export const maxOpenQuestions = 1024

export function createWebhookAuthorizer(name: string, settings: WebhookSettings, matches: Matches, parts: WebhookParts): WebhookAuthorizer {
  const { clock, log, metrics } = parts
  const reviews = new WebhookAnswers<ReviewStatus, WebhookDecision>(clock, { maxCached: maxCachedAnswers, maxOpen: maxOpenQuestions })
  let answers = true

  const failed = (error: string): WebhookDecision => ({ decision: settings.failsClosed ? 'deny' : 'no-opinion', reason: '', error })

  const decisionOf = ({ allowed, denied, reason }: ReviewStatus): WebhookDecision => {
    if (denied || allowed) metrics.decided(name, denied ? 'denied' : 'allowed')
    if (denied && allowed) return { decision: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' }
    return { decision: denied ? 'deny' : allowed ? 'allow' : 'no-opinion', reason }
  }

  const read = (answer: Buffer): ReviewStatus => {
    const status = readReviewStatus(answer, settings.version)
    if (status === undefined) throw new Error(`the webhook gave no SubjectAccessReview of authorization.k8s.io/${settings.version}`)
    return status
  }

  const askNow = async (key: string, body: Buffer, keeps: boolean): Promise<WebhookDecision> => {
    try {
      const took: Question<ReviewStatus>['took'] = (result, seconds) => metrics.roundTrip(name, result, seconds)
      const status = await callWebhook({ endpoint: settings.endpoint, timeoutMs: settings.timeoutMs, body, read, took }, parts)
      if (!answers) log.info('authorization webhook answers again', { authorizer: name })
      answers = true
      if (keeps) reviews.keep(key, status, status.allowed ? settings.authorizedMs : settings.unauthorizedMs)
      return decisionOf(status)
    } catch (err) {
      // The caller must not learn the address or what is behind it.
      log[answers ? 'error' : 'debug']('authorization webhook failed', { authorizer: name, err })
      answers = false
      if (!settings.failsClosed) metrics.failedOpen(name, roundTripOf(err))
      return failed(`authorization webhook ${writeJson(name)} failed`)
    }
  }

  return {
    name,
    async ask(attributes, question = {}) {
      if (isOwnPart(attributes.user)) return { decision: 'no-opinion', reason: '' }
      const spec = reviewSpec(attributes)
      const began = clock.monotonic()
      const { met, error } = matches(spec, question)
      if (settings.conditions.length > 0) metrics.matched(name, (clock.monotonic() - began) / 1000)
      if (error !== undefined) {
        metrics.conditionFailed(name)
        log.error('match condition of an authorization webhook failed', { authorizer: name, why: error })
        return failed(`match conditions of authorization webhook ${writeJson(name)} failed`)
      }
      if (!met) {
        metrics.excluded(name)
        return { decision: 'no-opinion', reason: '' }
      }
      const body = reviewBody(spec, settings.version)
      const key = createHash('sha256').update(body).digest('base64')
      const known = reviews.kept(key)
      if (known !== undefined) return decisionOf(known)
      const asking = reviews.once(key, () => askNow(key, body, isKeepable(attributes)))
      return (await asking) ?? failed(`authorization webhook ${writeJson(name)} has too many pending requests`)
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
  return chosen.reduce((sum, text) => sum + text.length, 0) < maxCachedQuestion
}
