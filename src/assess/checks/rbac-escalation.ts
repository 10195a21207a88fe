import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import { grants, hasWildcard, rulesOf } from '../rbac-rules.ts'

interface Power {
  readonly verbs: readonly string[]
  readonly group: string
  readonly resource: string
  /** What the right allows. */
  readonly gives: string
}

const rbac = 'rbac.authorization.k8s.io'
const writing = ['create', 'update', 'patch']
const powers: readonly Power[] = [
  ...['roles', 'clusterroles'].map(resource => ({
    verbs: ['escalate'],
    group: rbac,
    resource,
    gives: 'grant rights that it does not have',
  })),
  ...['roles', 'clusterroles'].map(resource => ({ verbs: ['bind'], group: rbac, resource, gives: 'bind roles that it does not have' })),
  ...['users', 'groups', 'serviceaccounts'].map(resource => ({ verbs: ['impersonate'], group: '', resource, gives: 'impersonate others' })),
  { verbs: ['create', 'get'], group: '', resource: 'nodes/proxy', gives: 'run commands in every container of a node' },
  { verbs: ['create'], group: '', resource: 'serviceaccounts/token', gives: 'get a token for any account' },
  { verbs: ['create'], group: '', resource: 'persistentvolumes', gives: 'mount any folder of a node through a hostPath volume' },
  {
    verbs: ['update', 'patch'],
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests/approval',
    gives: 'approve certificates of any user',
  },
  ...['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map(resource => ({
    verbs: writing,
    group: 'admissionregistration.k8s.io',
    resource,
    gives: 'read and change every written object',
  })),
]

/** Rights that lead to cluster-admin in one more step. */
export const rbacEscalation: ManifestCheck = {
  id: 'rbac-escalation',
  severity: 'warning',
  title: 'Roles have no right that leads to all other rights',
  serves: ['A6', 'CIS 5.1.8', 'CIS 5.1.9', 'CIS 5.1.10', 'CIS 5.1.11', 'CIS 5.1.12', 'CIS 5.1.13'],
  check: set =>
    rulesOf(set).flatMap(({ on, rule, field }): CheckFinding[] => {
      if (hasWildcard(rule)) return []
      return powers
        .filter(({ verbs, group, resource }) => grants(rule, verbs, group, resource))
        .map(({ verbs, resource, gives }) => ({
          on,
          field: `${field}.resources`,
          message: `${verbs.filter(verb => rule.verbs.includes(verb)).join(', ')} on ${resource} lets its holder ${gives}`,
        }))
    }),
}
