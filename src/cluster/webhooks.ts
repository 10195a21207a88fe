// Connections to webhooks of plug-ins and conversions, and Events about a webhook that does not answer.
import { randomUUID } from 'node:crypto'
import { type HookFailure, HookHealth, type Identified } from '../admission/webhook/hook-health.ts'
import type { WebhookContext } from '../admission/webhook/review-by-hook.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { WebhookEndpoint } from '../base/net/webhook-endpoint.ts'
import { Client } from '../client/client.ts'
import { EventRecorder } from '../client/event-recorder.ts'
import type { ObjectReference } from '../client/resources.ts'
import type { ApiServer } from '../server/api-server.ts'
import { serverIdentity } from '../server/bootstrap.ts'
import type { ConversionSender } from '../server/custom-resources/conversion.ts'
import { createReviewSender } from '../server/proxy/webhooks/review-sender.ts'
import type { ServerView } from '../server/server-view.ts'

type Parts = Pick<WebhookContext, 'sender' | 'health' | 'clock' | 'log' | 'newUid'>

/** A webhook that does not answer: the object that configures it, and why. */
export interface WebhookFailure {
  readonly object: ObjectReference
  readonly message: string
}

export interface Webhooks {
  readonly context: Parts
  /** Sends to webhooks that convert custom resources. */
  readonly conversion: ConversionSender
  /** Closes the connections that are kept to an endpoint that is not used any more. */
  release(endpoint: WebhookEndpoint): void
  onFailure(listener: (failure: WebhookFailure) => void): void
}

export interface WebhookOptions {
  readonly view: Pick<ServerView, 'connectService'>
  readonly clock: Clock
  readonly log: Logger
}

/** Until the signal. */
export function openWebhooks({ view, clock, log }: WebhookOptions, signal: AbortSignal): Webhooks {
  const sender = createReviewSender({ clock, connectService: view.connectService })
  signal.addEventListener('abort', () => sender[Symbol.dispose](), { once: true })
  const listeners: ((failure: WebhookFailure) => void)[] = []
  const report = (object: ObjectReference, message: string): void => {
    for (const listener of listeners) listener({ object, message })
  }
  const health = new HookHealth(failure => {
    const { hook, message, count } = failure
    log.error('webhook does not answer', { webhook: hook.webhook.name, failures: count, why: message })
    report(referenceOf(failure), `${hook.webhook.name}: ${message}`)
  })
  const converters = new HookHealth<Identified>(({ hook, message, count }) => {
    log.error('conversion webhook does not answer', { customResourceDefinition: hook.id, failures: count, why: message })
    report({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: hook.id }, message)
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
    onFailure: listener => void listeners.push(listener),
  }
}

export function recordWebhookFailures(server: ApiServer, webhooks: Webhooks, { clock, log }: Pick<WebhookOptions, 'clock' | 'log'>): void {
  server.runAlongside(async signal => {
    await using transport = server.transportFor(serverIdentity)
    await using events = new EventRecorder({
      client: new Client(transport),
      ...{ component: 'kube-apiserver', clock, log, random: Math.random },
    })
    webhooks.onFailure(({ object, message }) => {
      if (!signal.aborted) events.record(object, 'Warning', 'FailedCallingWebhook', message)
    })
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  })
}

function referenceOf({ hook }: HookFailure) {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind: hook.kind, name: hook.configuration }
}
