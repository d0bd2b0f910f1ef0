import { Command } from 'commander';
import type { Mount } from '../../context.ts';
import { donateCommand } from './donate.ts';
import { donationCommand } from './donation.ts';
import { runCommands } from './run.ts';
import { statusCommands } from './status.ts';
import { stopCommands } from './stop.ts';
import { taskCommand, voteCommands } from './task.ts';

/** The donation pool: keys that people give, and the work that is done with them. */
export function poolCommand(mount: Mount): Command {
  const pool = new Command('pool').description('the donation pool: keys that people give, and what is done with them');
  const commands = [
    ...statusCommands(mount),
    donateCommand(mount),
    donationCommand(mount),
    ...runCommands(mount),
    taskCommand(mount),
    ...voteCommands(mount),
    ...stopCommands(mount),
  ];
  for (const command of commands) pool.addCommand(command);
  return pool;
}
