// Wires the API server to its store, its signer, access control and admission: the same for the server process and for a cluster in one process.
import { randomInt } from 'node:crypto'
import { type AccessVerdict, type Attributes, authenticatedGroup } from '../access/access.ts'
import { createAuthentication } from '../access/authenticate.ts'
import { authenticatorList } from '../access/authenticators/index.ts'
import type { TokenWebhookSettings } from '../access/authenticators/token-webhook.ts'
import type { AuthorizationConfiguration } from '../access/authorization-configuration.ts'
import { createNodeGraph } from '../access/authorizers/node-graph.ts'
import { createRbacAuthorizer } from '../access/authorizers/rbac.ts'
import { createBootstrapTokens } from '../access/bootstrap-tokens.ts'
import { createExplainAccess } from '../access/explain-access.ts'
import { defaultIssuer, type IssueTokenParts, issueServiceAccountToken } from '../access/issue-token.ts'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import { oidcDocuments } from '../access/oidc-discovery.ts'
import { requestedIdentity } from '../access/pki/certificate-identity.ts'
import type { ParameterizedPolicy } from '../access/policy-parameters.ts'
import { registerRbacMetrics } from '../access/rbac-metrics.ts'
import type { ClusterRole } from '../access/rbac-object.ts'
import { reviewedRules } from '../access/reviewed-rules.ts'
import { createDenyList } from '../access/revocation.ts'
import { accountGroups, accountUser } from '../access/service-account-claims.ts'
import { issuerMetrics, tokenCacheMetrics } from '../access/token-metrics.ts'
import { createTokenReview } from '../access/token-review.ts'
import { admissionMetrics } from '../admission/admission-metrics.ts'
import { type AdmissionSettings, admissionSettings } from '../admission/admission-settings.ts'
import { createAdmission } from '../admission/chain.ts'
import { ObjectWaiter } from '../admission/object-waiter.ts'
import { admissionPlugins } from '../admission/plugins/index.ts'
import { storedMutatingPolicies, storedPolicies } from '../admission/policy/policy-kinds.ts'
import { QuotaLedger } from '../admission/quota/ledger.ts'
import { measuredAdmission } from '../admission/step-metrics.ts'
import { type Features, noFeatures } from '../api/features.ts'
import { groupResource } from '../api/object.ts'
import { requestBlock } from '../api/resources/certificates/pem.ts'
import { resourcesWith } from '../api/resources/index.ts'
import type { UserInfo } from '../api/user.ts'
import type { Clock } from '../base/clock.ts'
import type { Profile } from '../base/config.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics.ts'
import { type ApiServer, createApiServer } from '../server/api-server.ts'
import type { HealthCheck } from '../server/paths/health.ts'
import { anyOrigin } from '../server/proxy/streams/own-origin.ts'
import type { AuditSink } from '../server/request/audit-event.ts'
import { type ServedResources, serveResources } from '../server/resource/served-resource.ts'
import type { Signer } from '../signer/signer.ts'
import type { Store } from '../store/store.ts'
import { createStoreView } from '../store/store-view.ts'
import { denialList, policyParameters, rbacEscalation } from './access-admission.ts'
import {
  bootstrapTokenSource,
  boundObjects,
  certificateRequests,
  followDenials,
  joinTickets,
  nodeGraphSource,
  rbacSource,
} from './access-sources.ts'
import { allKinds } from './all-kinds.ts'
import { configuredAuthorization } from './configured-authorizers.ts'
import { frontProxyIdentity } from './front-proxy-identity.ts'
import { policyAuthorizer } from './policy-authorizer.ts'
import type { PolicyFolder } from './policy-folder.ts'
import { quotaSource } from './quota-source.ts'
import { quotaController, runQuotaStatus } from './quota-status.ts'
import { signToken } from './sign-token.ts'
import { anonymousPaths, tokenIssuers } from './token-issuers.ts'
import { reportRefusedTunnels } from './tunnel-events.ts'
import { webhookParts } from './webhook-parts.ts'

export interface ControlPlaneOptions {
  readonly store: Store
  readonly signer: Signer
  readonly audit: AuditSink
  readonly profile: Profile
  /** Policies from files. */
  readonly policies?: PolicyFolder
  readonly serviceCidr: string
  /** Default: none. */
  readonly features?: Features
  /** Default: the plug-ins of the profile. */
  readonly admission?: AdmissionSettings
  /** Default: no tokens but the cluster's own, and health checks without any. */
  readonly authentication?: AuthenticationConfiguration
  /** Whether Kubernetes' bootstrap tokens are taken. Default: no. */
  readonly bootstrapTokens?: boolean
  /** Default: tokens that nobody here knows are nobody's. */
  readonly tokenWebhook?: TokenWebhookSettings
  /** Default: Node and RBAC. */
  readonly authorization?: AuthorizationConfiguration
  /** Called once with what puts another configuration in the place of one of these two, for as long as the server runs. */
  readonly reloads?: (replace: ReplaceConfiguration) => void
  /** What else `/readyz` asks. */
  readonly checks?: readonly HealthCheck[]
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  readonly signal: AbortSignal
  /** Opens no connection to anything, whatever objects say. */
  readonly offline?: boolean
  /** Of an offline server, for tables of policies, which judge admission: every request passes authorization, and expressions of policies alone ask for rights. */
  readonly alwaysAllow?: boolean
}

/** A member is undefined where the server began without such a configuration. */
export interface ReplaceConfiguration {
  readonly authentication: ((next: AuthenticationConfiguration) => void) | undefined
  readonly authorization: ((next: AuthorizationConfiguration) => void) | undefined
}

/** Made of lower-case letters and digits that upstream's generated names use. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const randomSuffix = (): string => Array.from({ length: 5 }, () => suffixAlphabet[randomInt(suffixAlphabet.length)]).join('')

/** The server answers at once; `bootstrap` must have run before it is ready. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ApiServer> {
  const { store, signer, profile, clock, log, metrics, signal, features = noFeatures } = options
  const resources = resourcesWith(features.groupVersions)
  const servedNames: ReadonlySet<string> = new Set(resources.map(({ group, plural }) => groupResource(group, plural)))
  // Opens every collection with its selectable fields before anybody else asks for one.
  serveResources(resources, store)
  const view = createStoreView(store, log, signal)
  const objects = boundObjects(view)
  const [clientAuthority, servingAuthority, keys] = await Promise.all([
    signer.authority('client', signal),
    signer.authority('serving', signal),
    signer.tokenKeys(signal),
  ])
  const audiences = [defaultIssuer]
  const webhooks = webhookParts({ clock, log, signal })
  const { post } = webhooks.context.sender
  const asking = { post, clock, log, random: Math.random, signal }
  const { tokenWebhook: settings } = options
  const denyList = createDenyList()
  followDenials(view, denyList, log)
  const issuers = await tokenIssuers(options.authentication, { clock, log, signal, profile })
  const cache = tokenCacheMetrics(metrics)
  const { authenticators, serviceAccountTokens, tokenWebhook, jwt } = authenticatorList({
    clientAuthorities: clientAuthority,
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
  const authorization = await configuredAuthorization(
    { nodeGraph: createNodeGraph(nodeGraphSource(view)), rbac, certificateRequests: certificateRequests(view) },
    options.authorization,
    { ...asking, metrics, release: endpoint => webhooks.release(endpoint) },
  )
  const { authorize } = authorization
  const aggregatingRoles = () =>
    (view.list('clusterroles.rbac.authorization.k8s.io') as readonly ClusterRole[]).filter(
      ({ aggregationRule }) => aggregationRule !== undefined,
    )
  const kinds = allKinds(resources)
  const escalation = rbacEscalation({ authorization, rbac, ...(profile === 'secure' ? { aggregatingRoles } : {}) })
  const parameters = policyParameters({
    authorization,
    policy: (plural, name) => view.get(`${plural}.admissionregistration.k8s.io`, '', name) as ParameterizedPolicy | undefined,
    pluralOf: (apiVersion, wanted) => kinds.kinds.byKind(apiVersion, wanted)?.plural,
  })
  let served: ServedResources | undefined
  const serves = (name: string) => served?.byGroupResource(name) !== undefined || servedNames.has(name)
  const source = quotaSource(store, view, serves)
  const { enabled, configuration } = admissionSettings(profile, options.admission)
  const now = () => clock.now()
  const ledger = new QuotaLedger({ source, now, limited: configuration.limitedResources ?? [] })
  const policies = {
    metrics: admissionMetrics(metrics),
    reader: view,
    view,
    kinds: kinds.kinds,
    decide: policyAuthorizer(authorize),
  }
  const plugins = admissionPlugins(
    {
      ...policies,
      ...{ quotaSource: source, ledger, configuration, now },
      access: [escalation, parameters, denialList(authorization)],
      policySources: [...(options.policies ? [options.policies.validating] : []), storedPolicies(view)],
      mutatingSources: features.mutatingAdmissionPolicy
        ? [...(options.policies ? [options.policies.mutating] : []), storedMutatingPolicies(view)]
        : [],
      webhooks: { ...policies, ...webhooks.context, exemptsSystem: profile === 'secure' },
      waiter: new ObjectWaiter({ view, clock, ...(options.offline === true ? { limitMs: 0 } : {}) }),
      profile,
      randomSuffix,
      hasRights: (namespace, name) =>
        rbac.hasGrants({ name: accountUser(namespace, name), groups: [...accountGroups(namespace), authenticatedGroup] }, namespace),
      maySign: (request, verb, signerName) => authorize(signerAttributes(request.user, verb, signerName), request).allowed,
      identityOf(pem) {
        const block = requestBlock(pem)
        return 'problem' in block ? block : requestedIdentity(block.der)
      },
    },
    enabled,
  )
  const issuing: IssueTokenParts = {
    signToken: (claims, until) => signToken(signer, claims, until),
    extendProjected: profile === 'upstream',
    ...{ objects, clock, audiences },
  }
  const openPaths = anonymousPaths(options.authentication)
  const server = createApiServer({
    store,
    resources,
    authenticate,
    denyList,
    reviewToken: createTokenReview({ serviceAccountTokens, tokenWebhook, authenticate, denyList, audiences }),
    authorize: options.offline === true && options.alwaysAllow === true ? letPass : authorize,
    audit: options.audit,
    admission: measuredAdmission(createAdmission(plugins), metrics, clock),
    clock,
    log,
    metrics,
    serviceCidr: options.serviceCidr,
    conversionSender: webhooks.conversion,
    oidc: oidcDocuments(defaultIssuer, `${defaultIssuer}/openid/v1/jwks`, keys),
    backendTls: { authorities: servingAuthority, verify: profile === 'secure' },
    ...(profile === 'secure' ? {} : { checkOrigin: anyOrigin, isolates: false }),
    frontProxyIdentity: frontProxyIdentity(signer, clock),
    ...(openPaths === undefined ? {} : { anonymousPaths: openPaths }),
    ...(options.checks === undefined ? {} : { checks: options.checks }),
    aggregates: options.offline !== true,
    issueToken: (account, spec, until) => issueServiceAccountToken(account, spec, issuing, until),
    explainAccess: createExplainAccess(rbac),
    ...(options.policies ? { filePolicies: options.policies } : {}),
    rulesFor: (user, namespace) => reviewedRules(authorization.authorizers, rbac, user, namespace),
  })
  served = server.resources
  const { policies: folder } = options
  if (folder) server.runAlongside(until => folder.run(until))
  server.runAlongside(async until => {
    await using transport = server.transportFor(quotaController)
    await runQuotaStatus({ ledger, transport, clock, log }, until)
  })
  reportRefusedTunnels(server, { clock, log })
  kinds.serveThrough(server)
  webhooks.reachThrough(server)
  options.reloads?.({
    authentication:
      issuers &&
      (next => {
        jwt?.replace(issuers.replace(next))
        denyList.endDenied()
      }),
    authorization: authorization.replace,
  })
  return server
}

const letPass = (): AccessVerdict => ({ allowed: true, authorizer: 'AlwaysAllow', reason: '' })

function signerAttributes(user: UserInfo, verb: string, name: string): Attributes {
  return {
    user,
    verb,
    isResource: true,
    group: 'certificates.k8s.io',
    version: '*',
    resource: 'signers',
    subresource: '',
    namespace: '',
    name,
    path: '',
  }
}
