// Evaluates the rules of a schema on a value: each where it stands, all of them on one budget.
import { runSteps, type Steps } from '../../../base/async/steps.ts'
import type { Evaluation } from '../../cel/environment.ts'
import { maxMessageBytes, perCallLimit, requestBudget, requestWork } from '../../cel/kubernetes/limits.ts'
import { declareSchema } from '../../cel/kubernetes/schema-declaration.ts'
import { type View, viewOf } from '../../cel/kubernetes/schema-view.ts'
import { CelEvaluationError, Failure } from '../../cel/values/failure.ts'
import { type CelValue, Optional } from '../../cel/values/values.ts'
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import { isRecord } from '../../schema/compile.ts'
import type { JSONSchemaProps, ValidationRule } from '../../types/apiextensions-v1.ts'
import { type OldValues, oldItems, uncorrelated } from '../schema/old-values.ts'
import { isSchema } from '../schema/schema-reader.ts'
import { type PathStep, pathText } from '../schema/value-path.ts'
import { type CompiledRule, compileRule } from './rule-compiler.ts'

/** The rules at a place of a schema and below. */
export interface RuleNode {
  readonly schema: JSONSchemaProps
  readonly rules: readonly CompiledRule[]
  readonly view: View
  readonly items: RuleNode | undefined
  readonly others: RuleNode | undefined
  readonly properties: ReadonlyMap<string, RuleNode>
}

export interface RuleFindings {
  readonly errors: readonly FieldError[]
  /** Failures that an update is allowed, since it did not change the rule's input. */
  readonly ratcheted: readonly FieldError[]
}

/** The common cost limit of one validation's rules in upstream's units, and their common work limit. */
export interface RuleBudget {
  left: number
  work: number
}

export const newBudget = (): RuleBudget => ({ left: requestBudget, work: requestWork })

/** `old` is the old object, `uncorrelated` at a creation. Rules of a value that is what it was before may fail. */
export type EvaluateRules = (object: unknown, old: unknown, comparisons: OldValues) => Steps<RuleFindings>

/** Work of the rules of one step: about 12 ms. A single rule may do four times as much. */
const workOfStep = 250_000

/** Undefined if the schema has no rules. */
export function ruleEvaluator(schema: JSONSchemaProps): EvaluateRules | undefined {
  const root = compileNode(schema, true)
  if (root === undefined) return undefined
  return (object, old, comparisons) => evaluateInSteps(root, object, old, comparisons, newBudget())
}

/** Places in the errors are below the value. Without `comparisons`, failures are never ratcheted. */
export function evaluateByNode(
  node: RuleNode,
  value: unknown,
  old: unknown,
  comparisons: OldValues | undefined,
  budget: RuleBudget,
): RuleFindings {
  return runSteps(evaluateInSteps(node, value, old, comparisons, budget))
}

function* evaluateInSteps(
  node: RuleNode,
  value: unknown,
  old: unknown,
  comparisons: OldValues | undefined,
  budget: RuleBudget,
): Steps<RuleFindings> {
  const evaluation = new RuleEvaluation(comparisons, budget)
  yield* evaluation.evaluate(node, value, old, undefined)
  return evaluation
}

/** Undefined if there are no rules. `root`: the schema is that of a whole resource. */
export function compileNode(schema: JSONSchemaProps, root: boolean): RuleNode | undefined {
  const isResource = root || schema['x-kubernetes-embedded-resource'] === true
  const items = isSchema(schema.items) ? compileNode(schema.items, false) : undefined
  const others = isSchema(schema.additionalProperties) ? compileNode(schema.additionalProperties, false) : undefined
  const properties = new Map<string, RuleNode>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const node = compileNode(property, false)
    if (node !== undefined) properties.set(name, node)
  }
  const given = schema['x-kubernetes-validations'] ?? []
  if (given.length === 0 && items === undefined && others === undefined && properties.size === 0) return undefined
  const declaration = given.length === 0 ? undefined : declareSchema(schema, isResource)
  const rules = declaration === undefined ? [] : given.map(rule => compileRule(rule, schema, declaration, true))
  return { schema, rules, view: rules.length === 0 ? undefined : viewOf(schema, root), items, others, properties }
}

/** The nearest value above that has an old one, for values without their own. */
interface Before {
  readonly schema: JSONSchemaProps
  readonly value: unknown
  readonly old: unknown
}

type Spent = Pick<Evaluation, 'cost' | 'work'>

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

class RuleEvaluation {
  readonly errors: FieldError[] = []
  readonly ratcheted: FieldError[] = []
  readonly #comparisons: OldValues | undefined
  readonly #path: PathStep[] = []
  readonly #budget: RuleBudget
  #over = false
  #workOfStep = 0

  constructor(comparisons: OldValues | undefined, budget: RuleBudget) {
    this.#comparisons = comparisons
    this.#budget = budget
  }

  *evaluate(node: RuleNode, value: unknown, old: unknown, above: Before | undefined): Steps<void> {
    if (value === null || value === undefined || this.#over) return
    const before = old === uncorrelated ? above : { schema: node.schema, value, old }
    if (node.rules.length > 0) yield* this.#evaluateHere(node, value as CelValue, old, before)
    if (Array.isArray(value)) {
      if (node.items === undefined) return
      const oldItem = oldItems(node.schema, old)
      for (let index = 0; index < value.length && !this.#over; index++) {
        this.#path.push(index)
        yield* this.evaluate(node.items, value[index], oldItem === undefined ? uncorrelated : oldItem(value[index]), before)
        this.#path.pop()
      }
    } else if (isRecord(value)) yield* this.#evaluateMembers(node, value, old, before)
  }

  *#evaluateMembers(node: RuleNode, value: Record<string, unknown>, old: unknown, before: Before | undefined): Steps<void> {
    const oldOf = (name: string): unknown => (isRecord(old) && Object.hasOwn(old, name) ? old[name] : uncorrelated)
    for (const name in value) {
      if (this.#over) return
      const property = node.properties.get(name) ?? node.others
      if (property === undefined) continue
      this.#path.push(node.properties.has(name) ? name : { key: name })
      yield* this.evaluate(property, value[name], oldOf(name), before)
      this.#path.pop()
    }
  }

  *#evaluateHere({ schema, rules, view }: RuleNode, json: CelValue, oldJson: unknown, before: Before | undefined): Steps<void> {
    const type = schema.type ?? ''
    if (this.#budget.left <= 0 || this.#budget.work <= 0) {
      this.#stop(type, outOfBudget)
      return
    }
    const seen = (value: CelValue): CelValue => (view === undefined ? value : view(value))
    const readable = (value: CelValue): CelValue | undefined => {
      try {
        return seen(value)
      } catch (err) {
        if (!(err instanceof Failure)) throw err
        return undefined
      }
    }
    const hasOld = oldJson !== uncorrelated && oldJson !== null && oldJson !== undefined
    let self: CelValue | undefined
    let old: CelValue | undefined
    for (const compiled of rules) {
      if (this.#over) return
      if (this.#workOfStep >= workOfStep) {
        this.#workOfStep = 0
        yield
      }
      const { rule, usesOldSelf, expression } = compiled
      if (expression.problem !== undefined) {
        this.errors.push(invalidValue(this.#field(), type, `rule compile error: ${expression.problem}`))
        continue
      }
      if (expression.program === undefined || (usesOldSelf && !hasOld && rule.optionalOldSelf !== true)) continue
      try {
        self ??= seen(json)
        if (usesOldSelf && hasOld) old ??= seen(oldJson as CelValue)
      } catch (err) {
        // The value does not match its schema's format: it was stored before the format was added, or comes from a default.
        if (!(err instanceof Failure)) throw err
        this.errors.push(invalidValue(this.#field(), type, `${err.message} evaluating rule: ${nameOf(rule)}`))
        continue
      }
      const bindings: Record<string, CelValue> = { self }
      if (rule.optionalOldSelf === true) bindings['oldSelf'] = old === undefined ? Optional.none : new Optional(old)
      else if (old !== undefined) bindings['oldSelf'] = old
      const holds = this.#evaluate(compiled, bindings, type)
      if (holds !== false || this.#over) continue
      const ratchets = !usesOldSelf && this.#isUnchanged(before)
      // As upstream, the message sees the old value if any rule here uses it, and without the rule's optional.
      if (hasOld && compiled.message !== undefined && rules.some(other => other.usesOldSelf)) old ??= readable(oldJson as CelValue)
      const variables: Record<string, CelValue> = old === undefined ? { self } : { self, oldSelf: old }
      const error = this.#failure(compiled, variables, type)
      if (error !== undefined) (ratchets ? this.ratcheted : this.errors).push(error)
    }
  }

  #isUnchanged(before: Before | undefined): boolean {
    return before !== undefined && this.#comparisons?.unchanged(before.schema, before.value, before.old) === true
  }

  /** Undefined if it has no value, which is reported. */
  #evaluate({ rule, expression }: CompiledRule, bindings: Record<string, CelValue>, type: string): boolean | undefined {
    try {
      const found = expression.program?.evaluate(bindings, perCallLimit)
      if (found === undefined || !this.#pay(found, type)) return undefined
      return found.value === true
    } catch (err) {
      if (!(err instanceof CelEvaluationError)) throw err
      if (err.costExceeded) {
        this.#stop(
          type,
          `'${err.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${nameOf(rule)}`,
        )
      } else if (this.#pay(err, type)) {
        const why = err.message.startsWith('no such overload')
          ? `'${err.message}': call arguments did not match a supported operator, function or macro signature for rule: ${nameOf(rule)}`
          : `${err.message} evaluating rule: ${nameOf(rule)}`
        this.errors.push(invalidValue(this.#field(), type, why))
      }
      return undefined
    }
  }

  #pay(spent: Spent, type: string): boolean {
    if (this.#spend(spent)) return true
    this.#stop(type, outOfBudget)
    return false
  }

  /** False if the budget is spent. */
  #spend({ cost, work }: Spent): boolean {
    this.#workOfStep += Math.max(cost, work)
    this.#budget.left -= cost
    this.#budget.work -= work
    return this.#budget.left >= 0 && this.#budget.work >= 0
  }

  #stop(type: string, why: string): void {
    this.errors.push(invalidValue(this.#field(), type, why))
    this.#over = true
  }

  /** The failure in the rule's words. Undefined if the message exhausted the budget. */
  #failure({ rule, message, fieldPath }: CompiledRule, bindings: Record<string, CelValue>, type: string): FieldError | undefined {
    const field = fieldPath === '' ? this.#field() : pathText([...this.#path, fieldPath])
    const made = message?.program === undefined ? undefined : this.#message(message.program, rule, bindings, field, type)
    if (this.#over) return undefined
    const text = made ?? (rule.message ? rule.message.trim() : `failed rule: ${nameOf(rule)}`)
    switch (rule.reason) {
      case 'FieldValueForbidden':
        return forbiddenField(field, text)
      case 'FieldValueRequired':
        return required(field, text)
      case 'FieldValueDuplicate':
        return duplicate(field, type)
      default:
        return invalidValue(field, type, text)
    }
  }

  /** Undefined for an invalid message: the rule's own text replaces it. */
  #message(
    program: NonNullable<CompiledRule['expression']['program']>,
    rule: ValidationRule,
    bindings: Record<string, CelValue>,
    field: string,
    type: string,
  ): string | undefined {
    const quoted = goQuote(rule.messageExpression ?? '')
    const stop = (why: string): undefined => {
      this.errors.push(invalidValue(field, type, why))
      this.#over = true
      return undefined
    }
    try {
      const evaluation = program.evaluate(bindings, perCallLimit)
      if (!this.#spend(evaluation))
        return stop('messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run')
      const text = typeof evaluation.value === 'string' ? evaluation.value.trim() : ''
      return text === '' || text.includes('\n') || Buffer.byteLength(text) > maxMessageBytes ? undefined : text
    } catch (err) {
      if (!(err instanceof CelEvaluationError)) throw err
      if (err.costExceeded)
        return stop(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`)
      this.#spend(err)
      return undefined
    }
  }

  #field(): string {
    return pathText(this.#path) || '<nil>'
  }
}

const nameOf = ({ message, rule }: ValidationRule): string => (message ? message.trim() : rule.trim())
