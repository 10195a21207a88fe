// Timers by the time at which they are due; those of one time in the order in which they were set.

export interface VirtualTimer {
  readonly due: number
  readonly number: number
  readonly fire: () => void
  /** Its place in the heap; -1 when it is not there. */
  place: number
}

export class TimerHeap {
  readonly #heap: VirtualTimer[] = []
  #count = 0

  get first(): VirtualTimer | undefined {
    return this.#heap[0]
  }

  add(due: number, fire: () => void): VirtualTimer {
    const timer: VirtualTimer = { due, number: this.#count++, fire, place: this.#heap.length }
    this.#heap.push(timer)
    this.#up(timer)
    return timer
  }

  /** No effect on one that is not there. */
  remove(timer: VirtualTimer): void {
    const { place } = timer
    if (place < 0) return
    timer.place = -1
    const last = this.#heap.pop()
    if (last === undefined || last === timer) return
    this.#put(last, place)
    this.#up(last)
    this.#down(last)
  }

  #up(timer: VirtualTimer): void {
    for (
      let parent = this.#at((timer.place - 1) >> 1);
      parent !== undefined && isBefore(timer, parent);
      parent = this.#at((timer.place - 1) >> 1)
    )
      this.#swap(timer, parent)
  }

  #down(timer: VirtualTimer): void {
    for (;;) {
      const [left, right] = [this.#at(timer.place * 2 + 1), this.#at(timer.place * 2 + 2)]
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, timer)) return
      this.#swap(timer, child)
    }
  }

  #at(place: number): VirtualTimer | undefined {
    return place < 0 ? undefined : this.#heap[place]
  }

  #swap(a: VirtualTimer, b: VirtualTimer): void {
    const place = a.place
    this.#put(a, b.place)
    this.#put(b, place)
  }

  #put(timer: VirtualTimer, place: number): void {
    this.#heap[place] = timer
    timer.place = place
  }
}

const isBefore = (a: VirtualTimer, b: VirtualTimer): boolean => a.due < b.due || (a.due === b.due && a.number < b.number)
