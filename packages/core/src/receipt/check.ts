import { TallyError } from '../errors.ts';

/** One step of a verification: what was looked at, how it came out, and a sentence for people. */
export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

/**
 * @param run the sentence to show and whether the check holds. A value out of range is a failed check, not an exception: what is being
 * verified may be hostile.
 */
export function check(name: string, run: () => readonly [ok: boolean, detail: string]): Check {
  try {
    const [ok, detail] = run();
    return { name, ok, detail };
  } catch (error) {
    if (error instanceof TallyError && error.code === 'INPUT_INVALID') return { name, ok: false, detail: error.message };
    throw error;
  }
}
