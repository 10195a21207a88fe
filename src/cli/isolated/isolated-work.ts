// Work on hostile content that a process without rights does. `src/cli/works` lists it.

export interface IsolatedWork {
  /**
   * `input` is what the caller sent, as JSON; `paths` are where the files and folders are that it may read, in the caller's order. Resolves with a JSON
   * value; rejects with a UserError, whose message the caller gets.
   */
  run(input: unknown, paths: readonly string[], signal: AbortSignal): Promise<unknown>
}

/** What the process writes. */
export type IsolatedAnswer = { readonly value: unknown } | { readonly problem: string }
