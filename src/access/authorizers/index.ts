// The authorizers in their order.
import type { WebhookAuthorizer } from '../access.ts'
import type { AnyAuthorizer } from '../authorize.ts'
import type { AuthorizationConfiguration } from '../webhook/authorization-configuration.ts'
import type { DenyRules } from './deny-rules.ts'
import { type CertificateRequests, createJoinTicketAuthorizer } from './join-ticket.ts'
import { createNodeAuthorizer } from './node.ts'
import type { NodeGraph } from './node-graph.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { systemMastersAuthorizer } from './system-masters.ts'

export { createWebhookAuthorizer } from './webhook.ts'

export interface AuthorizerParts {
  readonly denyRules: DenyRules
  readonly nodeGraph: NodeGraph
  readonly rbac: RbacAuthorizer
  readonly certificateRequests: CertificateRequests
}

/** The authorizers of a configuration file, and its webhooks by name. */
export interface ConfiguredAuthorizers {
  readonly configuration: AuthorizationConfiguration
  readonly webhooks: ReadonlyMap<string, WebhookAuthorizer>
}

/**
 * A file sets the order after those that are always first: the group system:masters, as upstream, then the DenyRules, which break-glass credentials can
 * therefore repair, and the holders of join tickets.
 */
export function authorizerList(
  { denyRules, nodeGraph, rbac, certificateRequests }: AuthorizerParts,
  configured?: ConfiguredAuthorizers,
): readonly AnyAuthorizer[] {
  const node = createNodeAuthorizer(nodeGraph)
  const tickets = createJoinTicketAuthorizer(certificateRequests)
  if (configured === undefined) return [systemMastersAuthorizer, denyRules, node, tickets, rbac]
  const { configuration, webhooks } = configured
  const ordered = configuration.map(({ type, name }) => {
    if (type !== 'Webhook') return type === 'Node' ? node : rbac
    const webhook = webhooks.get(name)
    if (webhook === undefined) throw new Error(`there is no webhook "${name}"`)
    return webhook
  })
  return [systemMastersAuthorizer, denyRules, tickets, ...ordered]
}
