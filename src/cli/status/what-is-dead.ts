// What does not answer or has fallen behind, as the API knows it.
import type { Client } from '../../client/client.ts'
import { advisorySources, apiServices, events, trustRoots } from '../../client/resources.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { deadWebhooks, webhookOwners } from './dead-webhooks.ts'
import { failedChecks } from './failed-checks.ts'
import { silentSources } from './silent-sources.ts'
import { staleTrustRoots } from './stale-trust-roots.ts'
import { unavailableApis } from './unavailable-apis.ts'
import { unlessOlder } from './unless-older.ts'

/** One sentence for each. `now` in milliseconds since the epoch. */
export async function whatIsDead(client: Client, transport: Transport, now: number, signal: AbortSignal): Promise<string[]> {
  const [unhealthy, failures, owners, apis, roots, sources] = await Promise.all([
    failedChecks(transport, signal),
    client.listAll(events, { namespace: 'default', fieldSelector: 'reason=FailedCallingWebhook' }, signal),
    webhookOwners(client, signal),
    client.listAll(apiServices, {}, signal),
    client.listAll(trustRoots, {}, signal).catch(unlessOlder([])),
    client.listAll(advisorySources, {}, signal).catch(unlessOlder([])),
  ])
  return [
    ...unhealthy,
    ...deadWebhooks(failures, owners, now),
    ...unavailableApis(apis),
    ...staleTrustRoots(roots),
    ...silentSources(sources),
  ]
}
