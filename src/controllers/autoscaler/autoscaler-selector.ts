// Finds the pods of an autoscaler's target, and whether another autoscaler selects them too. Pure.
import { type LabelSelection, parseLabelSelector } from '../../api/selectors/selector.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import type { Verdict } from './autoscaler-limits.ts'
import type { AutoscalerEvent } from './autoscaler-plan.ts'

export type TargetPods =
  | { readonly usable: true; readonly selection: LabelSelection; readonly pods: readonly Pod[] }
  | { readonly usable: false; readonly verdict: Verdict; readonly event: AutoscalerEvent }

/** By name of the autoscaler: the selections of targets in one namespace. */
export type Selections = Map<string, LabelSelection>

const unusable = (reason: string, said: string, message = said, eventReason = reason): TargetPods => ({
  ...{ usable: false, verdict: { status: 'False', reason, message } },
  event: { type: 'Warning', reason: eventReason, message: said },
})

/** `text` is the selector of the target's scale; `others` holds those of all autoscalers of the namespace, and this one's is added. */
export function targetPods(name: string, namespace: string, text: string, pods: readonly Pod[], others: Selections): TargetPods {
  if (text === '') {
    return unusable('InvalidSelector', 'selector is required', "the HPA target's scale is missing a selector", 'SelectorRequired')
  }
  let selection: LabelSelection
  try {
    selection = parseLabelSelector(text)
  } catch (err) {
    return unusable('InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${messageOf(err)}`)
  }
  others.set(name, selection)
  const selected = pods.filter(({ metadata }) => selection.matches(metadata.labels))
  const claiming = [...others].filter(([, each]) => selected.some(({ metadata }) => each.matches(metadata.labels))).map(([each]) => each)
  if (claiming.length > 1) {
    const all = claiming.sort().map(each => `{${each} ${namespace}}`)
    return unusable('AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${all.join(' ')}]`)
  }
  return { usable: true, selection, pods: selected }
}
