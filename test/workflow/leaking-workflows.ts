import { ApplicationFailure } from '@temporalio/workflow';

/** The control of the leak test: what the product's workflows must never do. */

export async function leakAsArgument(word: string): Promise<number> {
  return word.length;
}

export async function leakAsFailure(word: string): Promise<never> {
  throw ApplicationFailure.nonRetryable(`the provider said ${word.split('').reverse().join('')}`, 'Leak');
}
