// Access control rules that check what is about to be stored, as admission plug-ins.
import { denialsAnnotation, denialsChange, denyRuleAnnotation } from '../../access/audit/revocation-record.ts'
import type { Authorization } from '../../access/authorize.ts'
import { checkDenialList, isDenialList, type ListObject } from '../../access/rights/denied-credentials.ts'
import { checkPolicyParameters, type PolicyParametersContext } from '../../access/rights/policy-parameters.ts'
import { checkRbacEscalation, type EscalationContext } from '../../access/rights/rbac-escalation.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted } from '../../admission/admission.ts'
import type { KubeObject } from '../../api/object.ts'
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import { writeJson } from '../../base/write-json.ts'

/** Users cannot grant rights that they do not have. As upstream, checked on the final object, before its own faults are reported. */
export function rbacEscalation(context: EscalationContext): AdmissionPlugin {
  return {
    name: 'RbacEscalation',
    handles: ({ resource, operation }) => resource.group === 'rbac.authorization.k8s.io' && operation !== 'DELETE',
    async mutate(request) {
      const error = await checkRbacEscalation(request, context)
      if (error !== undefined) throw error
    },
  }
}

/** Users cannot let a policy read what they may not read. */
export function policyParameters(context: PolicyParametersContext): AdmissionPlugin {
  return {
    name: 'PolicyParameters',
    handles: ({ resource, subresource, operation }) =>
      resource.group === 'admissionregistration.k8s.io' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    async validate(request) {
      const error = await checkPolicyParameters(request, context)
      return error === undefined ? admitted : { allowed: false, error }
    },
  }
}

/** Write access to ConfigMaps is not the right to lock others out, nor to let them in again. */
export function denialList(authorization: Pick<Authorization, 'authorize'>): AdmissionPlugin {
  return {
    name: 'DeniedCredentials',
    handles: ({ resource, operation }) => resource.group === '' && resource.plural === 'configmaps' && operation !== 'CONNECT',
    async validate(request) {
      const error = await checkDenialList(request, authorization)
      return error === undefined ? admitted : { allowed: false, error }
    },
  }
}

/** The audit event of a change of denials says what changed, so that a store that is restored to an earlier state gets them back. */
export const revocationRecords: AdmissionPlugin = {
  name: 'RevocationRecords',
  handles: request => request.operation !== 'CONNECT' && !request.dryRun && (isDenialList(request) || isDenyRule(request)),
  async validate(request) {
    const { name, object, oldObject } = request
    if (isDenyRule(request)) {
      const rule: (KubeObject & Partial<DenyRule>) | undefined = object
      request.annotate(`${denyRuleAnnotation}${name}`, writeJson(rule?.spec ?? null))
    } else {
      const [before, after]: (ListObject | undefined)[] = [oldObject, object]
      const change = denialsChange(before?.data ?? {}, after?.data ?? {})
      if (change !== undefined) request.annotate(denialsAnnotation, change)
    }
    return admitted
  },
}

const isDenyRule = ({ resource }: Pick<AdmissionRequest, 'resource'>): boolean =>
  resource.group === 'bulkhead.dev' && resource.plural === 'denyrules'
