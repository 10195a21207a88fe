// Regular expressions in time linear in the text (RE2 syntax), compiled once: patterns of policies repeat with every request.
import type { RE2JS } from 're2js'
import { requireLate } from '../../../base/async/late-module.ts'
import { fail } from './failure.ts'
import type * as re2 from './re2-late.ts'
import { addWork } from './work-counter.ts'

/** Patterns that an expression computes at run time must not fill the memory. An instruction takes some hundred bytes, and a short pattern may have thousands. */
const most = { patterns: 500, instructions: 200_000 }
/**
 * Of the states that a pattern meets in texts, what it keeps. The engine's own 8 MiB would make gigabytes of many patterns, and where a text leads to
 * ever new states, running without them is several times faster than keeping so many.
 */
const stateBytes = 512 << 10
/** Work of a run, however short the text is. */
const perRun = 16
/** Work of a match that is found: what begins anew behind it. */
const perMatch = 16
/** Of one run of a pattern in an expression. */
const maxRunSteps = 10_000_000
/** Work of making a pattern: of each, of its characters and of its instructions; never so much that one evaluation could not make a large one. */
const making = { each: 100, character: 50, instruction: 10, most: 400_000 }
const compiled = new Map<string, RE2JS>()
let instructions = 0

/** Fails for what is no regular expression, with the reason. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  // Its tables take megabytes, which a server without patterns need not pay.
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
    // The newest stays even where it alone is over the limit, or each of its uses would compile it.
    compiled.set(pattern, made)
    instructions += size
    return made
  } catch (err) {
    if (err instanceof engine.RE2JSException) return fail(err.message)
    throw err
  }
}

/** The work of a run beside reading the text once: new states of the automaton, and the steps of the machines that find where a match begins and ends. */
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
    // The automaton gave up: one of the machines goes through the text.
    if (found === null) countSteps(input)
    return found
  }
  const execute = re2Input.executeEngine.bind(re2Input)
  re2Input.executeEngine = (input, at, anchor, captures, ...rest) => {
    if (captures > 0) countSteps(input)
    return execute(input, at, anchor, captures, ...rest)
  }
}

/** A text as the engine reads it. */
interface Steps {
  step(position: number): number
}

/** What a run costs where each character leads to a new state: the time of one step of a validator, as of four characters of a short pattern. */
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

/** What matches, from left to right, without nothing right behind a match; at most `limit` parts where it is not negative. */
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
