// Admission: the plug-ins with their inputs, and the ledger of quotas.
import { randomInt } from 'node:crypto'
import { type Attributes, authenticatedGroup } from '../access/access.ts'
import { accountGroups, accountUser } from '../access/credentials/service-account-claims.ts'
import { requestedIdentity } from '../access/pki/certificate-identity.ts'
import type { ParameterizedPolicy } from '../access/rights/policy-parameters.ts'
import type { ClusterRole } from '../access/rules/rbac-object.ts'
import { admissionMetrics } from '../admission/admission-metrics.ts'
import { admissionSettings } from '../admission/admission-settings.ts'
import { createAdmission } from '../admission/chain.ts'
import { ExposingServices } from '../admission/images/exposing-services.ts'
import { ImageAnswers } from '../admission/images/image-answers.ts'
import { KnownPolicies } from '../admission/images/known-policies.ts'
import { RegistryCredentials } from '../admission/images/registry-credentials.ts'
import { KnownManifestPolicies } from '../admission/manifests/known-manifest-policies.ts'
import { ObjectWaiter } from '../admission/object-waiter.ts'
import { admissionPlugins } from '../admission/plugins/index.ts'
import { storedMutatingPolicies, storedPolicies, type ValidatingSource } from '../admission/policy/policy-kinds.ts'
import { QuotaLedger } from '../admission/quota/ledger.ts'
import { shippedSource } from '../admission/shipped-policies/index.ts'
import { measuredAdmission } from '../admission/step-metrics.ts'
import { noFeatures } from '../api/features.ts'
import { registryAudience } from '../api/repository-name.ts'
import { requestBlock } from '../api/resources/certificates/pem.ts'
import type { StoreView } from '../api/store-view.ts'
import type { UserInfo } from '../api/user.ts'
import type { AdmissionChain } from '../server/objects/write-parts.ts'
import type { DataClassSource } from '../server/request/data-class-source.ts'
import type { ServerView } from '../server/server-view.ts'
import { denialList, policyParameters, rbacEscalation, revocationRecords } from './access/access-admission.ts'
import { policyAuthorizer } from './access/policy-authorizer.ts'
import { allKinds } from './admission/all-kinds.ts'
import { dataClassLabels } from './admission/data-class-admission.ts'
import { eventRedaction } from './admission/event-redaction.ts'
import { quotaSource } from './admission/quota-source.ts'
import type { ControlPlaneOptions } from './control-plane-options.ts'
import type { OpenAccess } from './open-access.ts'
import type { Webhooks } from './webhooks.ts'

export interface AdmissionParts {
  readonly view: StoreView
  readonly server: ServerView
  readonly webhooks: Webhooks
  readonly classes: DataClassSource
  readonly access: Pick<OpenAccess, 'authorization' | 'denyRules' | 'rbac' | 'issueToken'>
}

export interface OpenAdmission {
  readonly chain: AdmissionChain
  readonly ledger: QuotaLedger
  /** The policies that come with the cluster. */
  readonly shipped: ValidatingSource
}

/** The lower-case letters and digits in upstream's generated names. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const randomSuffix = (): string => Array.from({ length: 5 }, () => suffixAlphabet[randomInt(suffixAlphabet.length)]).join('')

const registryTokenSpec = { audiences: [registryAudience], expirationSeconds: 600 }

export function openAdmission(
  options: ControlPlaneOptions,
  { view, server, webhooks, classes, access: { authorization, denyRules, rbac, issueToken } }: AdmissionParts,
): OpenAdmission {
  const { profile, clock, metrics, features = noFeatures, policies: folder } = options
  const { authorize } = authorization
  const secure = profile === 'secure'
  const now = () => clock.now()
  const { enabled, configuration } = admissionSettings(profile, options.admission)
  const source = quotaSource(server.store, view, name => server.resources.byGroupResource(name) !== undefined)
  const ledger = new QuotaLedger({ source, now, limited: configuration.limitedResources ?? [] })
  const kinds = allKinds(server)
  const shipped = shippedSource(profile, configuration.shippedPoliciesOff)
  const policies = { metrics: admissionMetrics(metrics), reader: view, view, kinds, decide: policyAuthorizer(authorize) }
  const imagePolicies = new KnownPolicies(view)
  const { images } = options
  const registry =
    options.registry &&
    new RegistryCredentials({
      hosts: options.registry.hosts,
      issue: async (namespace, name, until) => (await issueToken({ namespace, name }, registryTokenSpec, until)).token,
      now,
    })
  const answers =
    images &&
    new ImageAnswers({ authority: images, policies: imagePolicies, reader: view, exposing: new ExposingServices(view), registry, now })
  const plugins = admissionPlugins(
    {
      ...policies,
      // An offline server without images asks nobody, so it evaluates no image policy.
      images: options.offline === true && images === undefined ? undefined : { policies: imagePolicies, answers },
      manifests: new KnownManifestPolicies(view),
      ...{ quotaSource: source, ledger, configuration, profile, now, randomSuffix },
      access: [
        rbacEscalation({ authorization, rbac, denyRules, ...(secure ? { aggregatingRoles: () => aggregatingRoles(view) } : {}) }),
        policyParameters({
          authorization,
          policy: (plural, name) => view.get(`${plural}.admissionregistration.k8s.io`, '', name) as ParameterizedPolicy | undefined,
          pluralOf: (apiVersion, wanted) => kinds.byKind(apiVersion, wanted)?.plural,
        }),
        denialList(authorization),
        revocationRecords,
        dataClassLabels(authorization, view),
        eventRedaction({ authorization, classes, view, resourceOf: (apiVersion, kind) => kinds.byKind(apiVersion, kind) }),
      ],
      policySources: [shipped, ...(folder ? [folder.validating] : []), storedPolicies(view)],
      mutatingSources: features.mutatingAdmissionPolicy ? [...(folder ? [folder.mutating] : []), storedMutatingPolicies(view)] : [],
      webhooks: { ...policies, ...webhooks.context, exemptsSystem: secure },
      waiter: new ObjectWaiter({ view, clock, ...(options.offline === true ? { limitMs: 0 } : {}) }),
      hasRights: (namespace, name) =>
        rbac.hasGrants({ name: accountUser(namespace, name), groups: [...accountGroups(namespace), authenticatedGroup] }, namespace),
      maySign: async (request, verb, signerName) => (await authorize(signerAttributes(request.user, verb, signerName), request)).allowed,
      identityOf(pem) {
        const block = requestBlock(pem)
        return 'problem' in block ? block : requestedIdentity(block.der)
      },
    },
    enabled,
  )
  return { chain: measuredAdmission(createAdmission(plugins), metrics, clock), ledger, shipped }
}

const aggregatingRoles = (view: StoreView): readonly ClusterRole[] =>
  (view.list('clusterroles.rbac.authorization.k8s.io') as readonly ClusterRole[]).filter(
    ({ aggregationRule }) => aggregationRule !== undefined,
  )

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
