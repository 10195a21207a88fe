// Authentication, authorization and tokens, each from the objects of the store.
import { createAuthentication } from '../access/authenticate.ts'
import { authenticatorList } from '../access/authenticators/index.ts'
import { createDenyRules } from '../access/authorizers/deny-rules.ts'
import { createNodeGraph } from '../access/authorizers/node-graph.ts'
import { createRbacAuthorizer } from '../access/authorizers/rbac.ts'
import { createBootstrapTokens } from '../access/credentials/bootstrap-tokens.ts'
import { ownTokenKeys } from '../access/jwt/own-token.ts'
import { createDenyList } from '../access/revocation.ts'
import { registerRbacMetrics } from '../access/rights/rbac-metrics.ts'
import { issuerMetrics, tokenCacheMetrics } from '../access/token-metrics.ts'
import { defaultIssuer, type IssueTokenParts, issueServiceAccountToken } from '../access/tokens/issue-token.ts'
import { oidcDocuments } from '../access/tokens/oidc-discovery.ts'
import { issueRegistryToken, verifyRegistryToken } from '../access/tokens/registry-token.ts'
import { createTokenReview } from '../access/tokens/token-review.ts'
import { registryAudience } from '../api/repository-name.ts'
import type { StoreView } from '../api/store-view.ts'
import type { IssueRegistryToken, ReviewRegistryToken } from '../server/computed/registry/index.ts'
import type { ServerView } from '../server/server-view.ts'
import type { IssueToken } from '../server/subresources/index.ts'
import {
  bootstrapTokenSource,
  boundObjects,
  certificateRequests,
  denyRuleSource,
  followDenials,
  joinTickets,
  nodeGraphSource,
  rbacSource,
} from './access/access-sources.ts'
import { configuredAuthorization } from './access/configured-authorizers.ts'
import { signToken } from './access/sign-token.ts'
import { anonymousPaths, tokenIssuers } from './access/token-issuers.ts'
import type { ControlPlaneOptions, ReplaceConfiguration } from './control-plane-options.ts'
import type { Webhooks } from './webhooks.ts'

export interface AccessParts {
  readonly view: StoreView
  readonly server: Pick<ServerView, 'resources'>
  readonly webhooks: Webhooks
}

export type OpenAccess = Awaited<ReturnType<typeof openAccess>>

/** Until the signal. */
export async function openAccess(options: ControlPlaneOptions, { view, server, webhooks }: AccessParts) {
  const { signer, profile, clock, log, metrics, signal } = options
  const objects = boundObjects(view)
  const [clientAuthorities, keys, issuers] = await Promise.all([
    signer.authority('client', signal),
    signer.tokenKeys(signal),
    tokenIssuers(options.authentication, { clock, log, signal, profile }),
  ])
  const audiences = [defaultIssuer]
  const cache = tokenCacheMetrics(metrics)
  const asking = { post: webhooks.context.sender.post, clock, log, random: Math.random, signal }
  const denyList = createDenyList()
  followDenials(view, denyList, log)

  const { tokenWebhook: settings } = options
  const { authenticators, serviceAccountTokens, tokenWebhook, jwt } = authenticatorList({
    clientAuthorities,
    tokens: { issuer: defaultIssuer, audiences, keys, objects },
    tickets: joinTickets(view),
    bootstrapTokens: options.bootstrapTokens ? createBootstrapTokens(bootstrapTokenSource(view), denyList) : undefined,
    issued: options.authentication &&
      issuers && { issuers: issuers.replace(options.authentication), parts: { cache, metrics: issuerMetrics(metrics) } },
    clock,
    webhook: settings && { settings, parts: { ...asking, cache, audiences, mayNameSystem: profile === 'upstream' } },
  })
  const authenticate = createAuthentication({ authenticators, denyList })

  const rbac = createRbacAuthorizer(rbacSource(view))
  registerRbacMetrics(metrics, rbac)
  const denyRules = createDenyRules(denyRuleSource(view, server))
  const authorization = await configuredAuthorization(
    { denyRules, nodeGraph: createNodeGraph(nodeGraphSource(view)), rbac, certificateRequests: certificateRequests(view) },
    options.authorization,
    { ...asking, metrics, release: endpoint => webhooks.release(endpoint) },
  )

  const issuing: IssueTokenParts = {
    signToken: (claims, until) => signToken(signer, claims, until),
    extendProjected: profile === 'upstream',
    ...{ objects, clock, audiences },
  }
  const issueToken: IssueToken = (account, spec, until) => issueServiceAccountToken(account, spec, issuing, until)
  const registryTokens = { issuer: defaultIssuer, clock, signToken: issuing.signToken, keys: ownTokenKeys(keys), denyList }
  const issueForRegistry: IssueRegistryToken = (authentication, seconds, until) =>
    issueRegistryToken(authentication, seconds, registryTokens, until)
  const reviewToken = createTokenReview({ serviceAccountTokens, tokenWebhook, authenticate, denyList, audiences })
  const reviewRegistryToken: ReviewRegistryToken = async token => {
    const verified = verifyRegistryToken(token, registryTokens)
    return verified.outcome === 'no-opinion' ? await reviewToken(token, [registryAudience, ...audiences]) : verified
  }
  const replace: ReplaceConfiguration = {
    authentication:
      issuers &&
      (next => {
        jwt?.replace(issuers.replace(next))
        denyList.endDenied()
      }),
    authorization: authorization.replace,
  }
  return {
    authenticate,
    denyList,
    reviewToken,
    reviewRegistryToken,
    issueRegistryToken: issueForRegistry,
    rbac,
    denyRules,
    authorization,
    issueToken,
    oidc: oidcDocuments(defaultIssuer, `${defaultIssuer}/openid/v1/jwks`, keys),
    anonymousPaths: anonymousPaths(options.authentication),
    replace,
  }
}
