// One right to act as others at a time, and the identities beyond it. Each case has an account of its own.
import type { PolicyRule } from '../../../api/types/rbac-v1.ts'

export interface Identity {
  readonly user?: string
  readonly groups?: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, string>>
}

export interface ImpersonationCase {
  readonly name: string
  readonly rules: readonly PolicyRule[]
  /** Bound in the account's namespace only. */
  readonly namespaced?: boolean
  readonly granted: readonly Identity[]
  /** With the resource that the refusal must name; '' for a 400, as nothing was asked of RBAC. */
  readonly refused: readonly (readonly [Identity, string])[]
}

const impersonate = ['impersonate']
const people = { verbs: impersonate, apiGroups: [''], resources: ['users'], resourceNames: ['bulkhead-prove-ann'] }
const teams = { verbs: impersonate, apiGroups: [''], resources: ['groups'], resourceNames: ['bulkhead-prove-dev'] }
const uids = { verbs: impersonate, apiGroups: ['authentication.k8s.io'], resources: ['uids'], resourceNames: ['u1'] }
const scopes = { verbs: impersonate, apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], resourceNames: ['view'] }
const ann = { user: 'bulkhead-prove-ann' }

export function impersonationCases(namespace: string, otherNamespace: string): readonly ImpersonationCase[] {
  const account = (name: string, where = namespace) => ({ user: `system:serviceaccount:${where}:${name}` })
  return [
    {
      name: 'no right',
      rules: [],
      granted: [],
      refused: [
        [ann, 'users'],
        [{ user: 'system:admin', groups: ['system:masters'] }, 'users'],
        [account('robot'), 'serviceaccounts'],
        [{ user: 'system:node:bulkhead-prove' }, 'users'],
        [{ user: 'system:apiserver' }, 'users'],
        [{ user: 'system:anonymous' }, 'users'],
        [{ groups: ['system:masters'] }, ''],
        [{ uid: 'u1' }, ''],
        [{ extra: { scopes: 'view' } }, ''],
      ],
    },
    {
      name: 'one user',
      rules: [people],
      granted: [ann],
      refused: [
        [{ user: 'bulkhead-prove-bob' }, 'users'],
        [account('robot'), 'serviceaccounts'],
        [{ ...ann, groups: ['bulkhead-prove-dev'] }, 'groups'],
        [{ ...ann, groups: ['system:masters'] }, 'groups'],
        [{ ...ann, groups: ['system:authenticated'] }, 'groups'],
        [{ ...ann, uid: 'u1' }, 'uids'],
        [{ ...ann, extra: { scopes: 'view' } }, 'userextras/scopes'],
      ],
    },
    {
      name: 'one group',
      rules: [people, teams],
      granted: [{ ...ann, groups: ['bulkhead-prove-dev'] }],
      refused: [
        [{ ...ann, groups: ['system:masters'] }, 'groups'],
        [{ ...ann, groups: ['bulkhead-prove-dev', 'system:masters'] }, 'groups'],
        [{ ...ann, groups: ['bulkhead-prove-dev', 'system:nodes'] }, 'groups'],
      ],
    },
    {
      name: 'one uid',
      rules: [people, uids],
      granted: [{ ...ann, uid: 'u1' }],
      refused: [[{ ...ann, uid: 'u2' }, 'uids']],
    },
    {
      name: 'one value of an extra field',
      rules: [people, scopes],
      granted: [{ ...ann, extra: { scopes: 'view' } }],
      refused: [
        [{ ...ann, extra: { scopes: 'all' } }, 'userextras/scopes'],
        [{ ...ann, extra: { other: 'view' } }, 'userextras/other'],
        [{ ...ann, extra: { scopes: 'view', other: 'view' } }, 'userextras/other'],
      ],
    },
    {
      name: 'accounts of one namespace',
      rules: [{ verbs: impersonate, apiGroups: [''], resources: ['serviceaccounts'] }],
      namespaced: true,
      granted: [account('robot')],
      refused: [
        [account('robot', otherNamespace), 'serviceaccounts'],
        [account('namespace-controller', 'kube-system'), 'serviceaccounts'],
        [ann, 'users'],
      ],
    },
    {
      name: 'users and groups in one namespace',
      rules: [{ verbs: impersonate, apiGroups: [''], resources: ['users', 'groups'] }],
      namespaced: true,
      granted: [],
      refused: [
        [ann, 'users'],
        [{ user: 'system:admin', groups: ['system:masters'] }, 'users'],
      ],
    },
    {
      name: 'other verbs on users and groups',
      rules: [
        {
          verbs: ['get', 'list', 'create', 'update', 'bind', 'escalate'],
          apiGroups: [''],
          resources: ['users', 'groups', 'serviceaccounts'],
        },
      ],
      granted: [],
      refused: [
        [ann, 'users'],
        [account('robot'), 'serviceaccounts'],
      ],
    },
  ]
}

export const identityText = ({ user, groups = [], uid, extra = {} }: Identity): string =>
  [
    ...(user === undefined ? [] : [`user ${user}`]),
    ...groups.map(group => `group ${group}`),
    ...(uid === undefined ? [] : [`uid ${uid}`]),
    ...Object.entries(extra).map(([key, value]) => `extra ${key}=${value}`),
  ].join(', ')

export function impersonationHeaders({ user, groups = [], uid, extra = {} }: Identity): Record<string, string | string[]> {
  return {
    ...(user === undefined ? {} : { 'impersonate-user': user }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }),
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...Object.fromEntries(Object.entries(extra).map(([key, value]) => [`impersonate-extra-${key}`, value])),
  }
}
