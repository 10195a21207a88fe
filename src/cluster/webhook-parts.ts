// What the webhook plug-ins need of the server that they are part of: the way out, and Events that name a webhook that does not answer.
import { randomUUID } from 'node:crypto'
import { type HookFailure, HookHealth, type Identified } from '../admission/webhook/hook-health.ts'
import type { WebhookContext } from '../admission/webhook/review-by-hook.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { WebhookEndpoint } from '../base/webhook-endpoint.ts'
import { Client } from '../client/client.ts'
import { EventRecorder } from '../client/event-recorder.ts'
import type { ObjectReference } from '../client/resources.ts'
import type { ApiServer } from '../server/api-server.ts'
import { serverIdentity } from '../server/bootstrap.ts'
import type { ConversionSender } from '../server/custom-resources/conversion.ts'
import { createReviewSender } from '../server/proxy/webhooks/review-sender.ts'

type Parts = Pick<WebhookContext, 'sender' | 'health' | 'clock' | 'log' | 'newUid'>

export interface WebhookParts {
  readonly context: Parts
  /** The way to webhooks that convert custom resources. */
  readonly conversion: ConversionSender
  /** Nobody asks there any more: connections that are kept are closed. */
  release(endpoint: WebhookEndpoint): void
  /** The server is made after its plug-ins; before this nothing reaches a webhook. */
  reachThrough(server: ApiServer): void
}

export function webhookParts({
  clock,
  log,
  signal,
}: {
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}): WebhookParts {
  let server: ApiServer | undefined
  let events: EventRecorder | undefined
  const sender = createReviewSender({
    clock,
    async connectService(service, tls, until) {
      if (server === undefined) throw new Error('the server starts')
      return await server.connectService(service, tls, until)
    },
  })
  signal.addEventListener('abort', () => sender[Symbol.dispose](), { once: true })
  const record = (object: ObjectReference, message: string): void => {
    if (server === undefined || signal.aborted) return
    events ??= new EventRecorder({
      client: new Client(server.transportFor(serverIdentity)),
      ...{ component: 'kube-apiserver', clock, log, random: Math.random },
    })
    events.record(object, 'Warning', 'FailedCallingWebhook', message)
  }
  const health = new HookHealth(failure => {
    const { hook, message, count } = failure
    log.error('webhook does not answer', { webhook: hook.webhook.name, failures: count, why: message })
    record(referenceOf(failure), `${hook.webhook.name}: ${message}`)
  })
  const converters = new HookHealth<Identified>(({ hook, message, count }) => {
    log.error('conversion webhook does not answer', { customResourceDefinition: hook.id, failures: count, why: message })
    record({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: hook.id }, message)
  })
  return {
    context: { sender, health, clock, log, newUid: randomUUID },
    release: endpoint => sender.release(endpoint),
    conversion: {
      send: sender.send,
      begin: id => failure => {
        if (failure === undefined) converters.answered({ id })
        else converters.failed({ id }, failure.message, clock.now())
      },
    },
    reachThrough(opened) {
      server = opened
    },
  }
}

function referenceOf({ hook }: HookFailure) {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind: hook.kind, name: hook.configuration }
}
