// Reports whether a ServiceCIDR is ready, and keeps it while a Service has an address that only it contains.

import { serviceCidrFinalizer } from '../api/addresses/service-address.ts'
import { read, recordEvents, rule } from '../api/policy-rule.ts'
import type { Condition } from '../api/types/meta-v1.ts'
import type { ServiceCIDR } from '../api/types/networking-v1.ts'
import { formatTime } from '../base/clock.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { ipAddresses, serviceCidrs } from '../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from './controller.ts'
import { addFinalizer, removeFinalizer } from './finalizer.ts'
import { cidrsHolding, cidrsOverlapping, isServiceAddress, planServiceCidr } from './service-cidr-plan.ts'

const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' } as const
const terminating = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
} as const

export const serviceCidr: Controller = {
  name: 'service-cidr-controller',
  identity: {
    account: 'service-cidrs-controller',
    rules: [
      rule('get list patch update watch', 'networking.k8s.io', 'servicecidrs'),
      rule('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'),
      rule('patch update', 'networking.k8s.io', 'servicecidrs/status'),
      rule(read, 'networking.k8s.io', 'ipaddresses'),
      recordEvents,
    ],
  },
  watches: serviceCidrs,
  follows: [
    // A new one may cover those that wait for their deletion.
    follow({
      resource: serviceCidrs,
      keys: (cidr, { informers }) => cidrsOverlapping(cidr, informers.full(serviceCidrs).list()).map(({ metadata }) => metadata.name ?? ''),
    }),
    follow({
      resource: ipAddresses,
      // Only deletions of ranges depend on addresses, and most of the time there are none.
      keys(address, { informers }) {
        const ending = informers
          .full(serviceCidrs)
          .list()
          .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
        if (ending.length === 0 || !isServiceAddress(address)) return []
        return cidrsHolding(address.metadata.name ?? '', ending).map(({ metadata }) => metadata.name ?? '')
      },
    }),
  ],
  begin(context) {
    const cidrs = context.informers.full(serviceCidrs)
    const addresses = context.informers.full(ipAddresses)
    return async (key, signal): Promise<Result> => {
      const cidr = cidrs.getByKey(key)
      if (cidr === undefined) return done
      const plan = planServiceCidr(cidr, cidrs.list(), addresses.list(), context.clock.now())
      // The write comes back as a change.
      if (plan.step === 'finalize') await addFinalizer(context, serviceCidrs, cidr, serviceCidrFinalizer, signal)
      if (plan.step === 'ready') await setReady(context, cidr, signal)
      if (plan.step === 'in use') await setCondition(context, cidr, terminating, signal)
      if (plan.step === 'release') await removeFinalizer(context, serviceCidrs, cidr, serviceCidrFinalizer, signal)
      return plan.step === 'later' ? { requeueAfterMs: plan.ms } : done
    }
  },
}

async function setReady(context: Context, cidr: ServiceCIDR, signal: AbortSignal): Promise<void> {
  try {
    await setCondition(context, cidr, ready, signal)
  } catch (err) {
    const about = referenceTo(cidr, 'networking.k8s.io/v1', 'ServiceCIDR')
    context.events.record(about, 'Warning', 'KubernetesServiceCIDRError', 'The ServiceCIDR Status can not be set to Ready=True')
    throw err
  }
}

async function setCondition(
  { client, clock }: Context,
  cidr: ServiceCIDR,
  condition: Omit<Condition, 'lastTransitionTime'>,
  signal: AbortSignal,
): Promise<void> {
  const conditions = cidr.status?.conditions ?? []
  const before = conditions.find(({ type }) => type === condition.type)
  if (before?.status === condition.status && before.reason === condition.reason && before.message === condition.message) return
  const next = { ...condition, lastTransitionTime: formatTime(clock.now()) }
  const others = conditions.filter(({ type }) => type !== condition.type)
  await client.updateStatus(serviceCidrs, { ...cidr, status: { ...cidr.status, conditions: [...others, next] } }, signal)
}
