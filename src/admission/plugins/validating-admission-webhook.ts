// ValidatingAdmissionWebhook: calls webhooks that validate the object, all at once.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { Meter } from '../policy/meter.ts'
import type { ClientIdentities } from '../webhook/client-identity.ts'
import { type Hook, HookIndex } from '../webhook/hook.ts'
import { versionFor } from '../webhook/relevant-hook.ts'
import { reviewedRequest } from '../webhook/review.ts'
import { type HookWait, recordWaits, reviewByHook, type WebhookContext } from '../webhook/review-by-hook.ts'

const failedOpenPrefix = 'failed-open.validating.webhook.admission.k8s.io/'

export interface ValidatingAdmissionWebhookOptions {
  readonly webhooks: WebhookContext
  /** The identities for calls of webhooks; default: none. */
  readonly configuration?: { readonly validatingIdentities?: ClientIdentities } | undefined
}

export const validatingAdmissionWebhook: PluginDefinition<ValidatingAdmissionWebhookOptions> = {
  name: 'ValidatingAdmissionWebhook',
  does: 'Refuses objects by webhooks, all called in parallel',
  on: 'always',
  guard: 'webhooks that refuse objects are not called',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], resources: ['*/*'] }],
  create,
}

function create({ webhooks, configuration: { validatingIdentities: identities } = {} }: ValidatingAdmissionWebhookOptions): PluginSteps {
  const context: WebhookContext = identities === undefined ? webhooks : { ...webhooks, identities }
  const index = new HookIndex('ValidatingWebhookConfiguration', context)
  return {
    handles: request => index.candidates(request).length > 0,
    async validate(request, signal): Promise<Verdict> {
      const relevant: { readonly hook: Hook; readonly version: ResourceDefinition }[] = []
      const meter = new Meter(signal)
      for (const hook of index.candidates(request)) {
        const version = await versionFor(hook, request, context.decide, meter)
        if (version !== undefined) relevant.push({ hook, version })
      }
      if (relevant.length === 0) return admitted
      const texts = new Map<ResourceDefinition, string>()
      const reviewedIn = (version: ResourceDefinition): string => {
        const text = texts.get(version) ?? reviewedRequest(request, version)
        texts.set(version, text)
        return text
      }
      const waits: HookWait[] = []
      const outcomes = await Promise.all(
        relevant.map(({ hook, version }, place) => {
          const asked = { hook, version, mutating: false, reviewed: () => reviewedIn(version) }
          return reviewByHook({ ...asked, failedOpenKey: `${failedOpenPrefix}round_0_index_${place}` }, request, waits, context, signal)
        }),
      ).finally(() => recordWaits(waits, request))
      const refusal = outcomes.find(({ outcome }) => outcome === 'refused')
      return refusal?.outcome === 'refused' ? { allowed: false, error: refusal.error } : admitted
    },
  }
}
