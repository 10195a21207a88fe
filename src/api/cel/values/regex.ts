// Regular expressions in time linear in the text (RE2 syntax), with a cache: policies use the same patterns in every request.
import type { RE2JS } from 're2js'
import { requireLate } from '../../../base/async/late-module.ts'
import { fail } from './failure.ts'
import type * as re2 from './re2-late.ts'
import { addWork } from './work-counter.ts'

/** Patterns computed at run time must not fill the memory. An instruction takes some hundred bytes, and a short pattern may have thousands. */
const most = { patterns: 500, instructions: 200_000 }
/**
 * Cache of automaton states per pattern. The engine's own 8 MiB would need gigabytes for many patterns, and for a text that always leads to
 * new states, running without the cache is several times faster.
 */
const stateBytes = 512 << 10
/** Minimum work of a run, for any text. */
const perRun = 16
/** Work of a match: the restart after it. */
const perMatch = 16
/** Limit for one run of a pattern in an expression. */
const maxRunSteps = 10_000_000
/** Work of compiling a pattern: a base, its characters and its instructions; bounded so that one evaluation can compile a large one. */
const making = { each: 100, character: 50, instruction: 10, most: 400_000 }
const compiled = new Map<string, RE2JS>()
let instructions = 0

/** Fails with the reason if the text is no regular expression. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  // Its tables take megabytes, which a server without patterns need not load.
  const engine = requireLate<typeof re2>(import.meta.url, './re2-late.ts')
  const reading = Math.min(making.most, making.each + making.character * pattern.length)
  addWork(reading)
  try {
    const made = engine.RE2JS.compile(pattern)
    const { dfa } = made.re2Input
    dfa.stateBudget = stateBytes
    dfa.memBudget = stateBytes
    const size = made.programSize()
    addWork(Math.min(making.most - reading, making.instruction * size))
    countWork(made)
    if (compiled.size >= most.patterns || instructions + size > most.instructions) {
      compiled.clear()
      instructions = 0
    }
    // The newest pattern stays even if it exceeds the limit alone; otherwise each use would compile it.
    compiled.set(pattern, made)
    instructions += size
    return made
  } catch (err) {
    if (err instanceof engine.RE2JSException) return fail(err.message)
    throw err
  }
}

/** Work of a run beyond reading the text once: new states of the automaton, and the steps of the machines that find the bounds of a match. */
function countWork({ re2Input }: RE2JS): void {
  const { dfa } = re2Input
  const makeState = dfa.makeState.bind(dfa)
  dfa.makeState = (at, ...rest) => {
    addWork(8 + 3 * at.length)
    return makeState(at, ...rest)
  }
  const threads = Math.max(2, re2Input.numberOfInstructions() >> 3)
  const countSteps = (input: Steps): void => {
    if (Object.hasOwn(input, 'step')) return
    const step = input.step.bind(input)
    input.step = position => {
      addWork(threads)
      return step(position)
    }
  }
  const match = dfa.match.bind(dfa)
  dfa.match = (input, ...rest) => {
    const found: boolean | null = match(input, ...rest)
    // The automaton gave up, so one of the machines processes the text.
    if (found === null) countSteps(input)
    return found
  }
  const execute = re2Input.executeEngine.bind(re2Input)
  re2Input.executeEngine = (input, at, anchor, captures, ...rest) => {
    if (captures > 0) countSteps(input)
    return execute(input, at, anchor, captures, ...rest)
  }
}

/** A text in the engine's form. */
interface Steps {
  step(position: number): number
}

/** Worst case of a run, in which each character leads to a new state: one validator step for four characters of a short pattern. */
export const runSteps = (text: string, pattern: RE2JS): number => (text.length * Math.max(4, pattern.programSize())) / 16

function runnable(text: string, pattern: string): RE2JS {
  const found = compilePattern(pattern)
  return runSteps(text, found) > maxRunSteps ? fail(`the text is too long for a pattern of ${found.programSize()} instructions`) : found
}

/** Whether some part of the text matches. */
export function matches(text: string, pattern: string): boolean {
  addWork(perRun + (text.length >> 3))
  return runnable(text, pattern).test(text)
}

/** All matches, from left to right, without an empty match right after another one; at most `limit` unless it is negative. */
export function findAll(text: string, pattern: string, limit: number): string[] {
  addWork(perRun)
  const matcher = runnable(text, pattern).matcher(text)
  const found: string[] = []
  let end = -1
  while (found.length !== limit && matcher.find()) {
    addWork(perMatch)
    const isAbutting = matcher.end() === matcher.start() && matcher.start() === end
    end = matcher.end()
    if (!isAbutting) found.push(matcher.group() ?? '')
  }
  return found
}
