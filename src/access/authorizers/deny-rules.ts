// DenyRules: requests that are refused whatever later authorizers say. An index by subject, so that a request only looks up its own.
import { goQuote } from '../../api/go-text/go-quote.ts'
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import type { UserInfo } from '../../api/user.ts'
import type { AccessBasis, Attributes, Authorizer, Decision } from '../access.ts'
import { type CompiledDenyRule, compileDenyRule, type IsClusterScoped, isExcepted, refuses } from '../rules/deny-rule.ts'
import { ChangeListeners } from '../rules/grant.ts'
import { isOwnPart } from './own-parts.ts'

export interface DenyRuleSource {
  readonly isClusterScoped: IsClusterScoped
  /** Calls back with every existing object and with each later change; `undefined` for a deleted one. */
  follow(listener: (name: string, object: DenyRule | undefined) => void): void
}

/** Listeners of `onChange` are called after each change: every long request is authorized again. */
export interface DenyRules extends Authorizer, AccessBasis {
  readonly name: 'DenyRules'
  /** What may refuse requests of the user; none for the cluster's own parts. */
  concerning(user: UserInfo): Iterable<CompiledDenyRule>
}

/** Limit of rules compared in one decision, about a millisecond. Beyond it the request is refused, because a later rule might. */
export const maxDenyRulesCompared = 5000

const noOpinion: Decision = { decision: 'no-opinion', reason: '' }

export function createDenyRules(source: DenyRuleSource): DenyRules {
  const rules = new Map<string, CompiledDenyRule>()
  const users = new Map<string, Set<CompiledDenyRule>>()
  const groups = new Map<string, Set<CompiledDenyRule>>()
  const changes = new ChangeListeners()

  const remove = (rule: CompiledDenyRule): void => {
    for (const [index, holders] of [[users, rule.users] as const, [groups, rule.groups] as const]) {
      for (const holder of holders) {
        const held = index.get(holder)
        held?.delete(rule)
        if (held?.size === 0) index.delete(holder)
      }
    }
  }
  const add = (rule: CompiledDenyRule): void => {
    for (const [index, holders] of [[users, rule.users] as const, [groups, rule.groups] as const]) {
      for (const holder of holders) index.set(holder, (index.get(holder) ?? new Set()).add(rule))
    }
  }
  source.follow((name, object) => {
    const old = rules.get(name)
    if (old !== undefined) remove(old)
    rules.delete(name)
    if (object !== undefined) {
      const rule = compileDenyRule(object)
      rules.set(name, rule)
      add(rule)
    }
    changes.notify()
  })

  function* concerning(user: UserInfo): Iterable<CompiledDenyRule> {
    if (rules.size === 0 || isOwnPart(user)) return
    const seen = new Set<CompiledDenyRule>()
    for (const held of [users.get(user.name), ...user.groups.map(group => groups.get(group))]) {
      for (const rule of held ?? []) {
        if (seen.has(rule)) continue
        seen.add(rule)
        if (!isExcepted(rule, user)) yield rule
      }
    }
  }

  return {
    name: 'DenyRules',
    concerning,
    authorize(attributes: Attributes): Decision {
      if (rules.size === 0) return noOpinion
      let left = maxDenyRulesCompared
      for (const rule of concerning(attributes.user)) {
        left -= rule.rules.length
        if (left < 0) return { decision: 'deny', reason: `more than ${maxDenyRulesCompared} rules of DenyRules concern this user` }
        if (refuses(rule, attributes, source.isClusterScoped)) return { decision: 'deny', reason: denialText(rule) }
      }
      return noOpinion
    },
    onChange(listener) {
      changes.add(listener)
      return () => changes.delete(listener)
    },
  }
}

/** `denied by DenyRule "no-exec": no shells in production`. */
export const denialText = ({ name, reason }: CompiledDenyRule): string => `denied by DenyRule ${goQuote(name)}: ${reason}`
