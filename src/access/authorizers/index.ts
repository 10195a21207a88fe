// The authorizers in the order in which they are asked.
import type { AuthorizationConfiguration } from '../authorization-configuration.ts'
import type { AnyAuthorizer } from '../authorize.ts'
import type { Matches } from '../webhook-conditions.ts'
import { type CertificateRequests, createJoinTicketAuthorizer } from './join-ticket.ts'
import { createNodeAuthorizer } from './node.ts'
import type { NodeGraph } from './node-graph.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { systemMastersAuthorizer } from './system-masters.ts'
import { createWebhookAuthorizer, type WebhookParts } from './webhook.ts'

export interface AuthorizerParts {
  readonly nodeGraph: NodeGraph
  readonly rbac: RbacAuthorizer
  readonly certificateRequests: CertificateRequests
}

/** The authorizers of a file, and what its webhooks need. */
export interface ConfiguredAuthorizers {
  readonly configuration: AuthorizationConfiguration
  readonly webhooks: WebhookParts
  compileMatches(conditions: readonly string[]): Matches
}

/** A file orders what comes behind the two that are always first: the group of all rights, as upstream, and the holders of join tickets. */
export function authorizerList(
  { nodeGraph, rbac, certificateRequests }: AuthorizerParts,
  configured?: ConfiguredAuthorizers,
): readonly AnyAuthorizer[] {
  const node = createNodeAuthorizer(nodeGraph)
  const tickets = createJoinTicketAuthorizer(certificateRequests)
  if (configured === undefined) return [systemMastersAuthorizer, node, tickets, rbac]
  const { configuration, webhooks, compileMatches } = configured
  const ordered = configuration.map(settings => {
    if (settings.type !== 'Webhook') return settings.type === 'Node' ? node : rbac
    const { name, webhook } = settings
    return createWebhookAuthorizer(name, webhook, compileMatches(webhook.conditions), webhooks)
  })
  return [systemMastersAuthorizer, tickets, ...ordered]
}
