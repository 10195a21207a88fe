// Webhooks that failed recently, from Events of the API server.
import type { KubeObject } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import { type ResourceRef, resourceRef } from '../../client/resource-ref.ts'
import type { CoreEvent } from '../../client/resources.ts'

/** Older events do not count: while requests fail, the server writes one at least every 30 seconds. */
const recentMs = 90_000

const admission = 'admissionregistration.k8s.io'
const sources: readonly ResourceRef<KubeObject>[] = [
  resourceRef(admission, 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false),
  resourceRef(admission, 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false),
  resourceRef('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false),
]

/** The objects that configure webhooks, as `kind/name`. */
export async function webhookOwners(client: Client, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(
    sources.map(async source => (await client.listAll(source, {}, signal)).map(({ metadata }) => `${source.kind}/${metadata.name}`)),
  )
  return new Set(lists.flat())
}

/** One sentence for each whose configuration still exists; `now` in milliseconds since the epoch, `owners` as `webhookOwners()` returns them. */
export function deadWebhooks(failures: readonly CoreEvent[], owners: ReadonlySet<string>, now: number): string[] {
  return failures
    .filter(({ lastTimestamp }) => now - Date.parse(lastTimestamp ?? '') < recentMs)
    .filter(({ involvedObject: { kind, name } }) => owners.has(`${kind}/${name}`))
    .map(({ involvedObject: { kind = '', name = '' }, message = '', lastTimestamp = '' }) => {
      return `A webhook of ${kind} "${name}" did not answer at ${lastTimestamp}: ${message}`
    })
}
