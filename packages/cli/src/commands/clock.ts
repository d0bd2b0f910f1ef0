import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import { time } from '../time.ts';

type ClockView = { readonly wall_ms: number; readonly grant_ms: number; readonly skipped_ms: number };

/** The daemon's clock, and how much of it counts for what opens by time. */
export function clockCommand(mount: Mount): Command {
  const clock = new Command('clock').description('the clock that dates open by');
  clock
    .command('show', { isDefault: true })
    .description('wall time, and how much of it was skipped because the clock jumped forward')
    .action(action(mount, async (context: Context) => print(context, await context.client.get<ClockView>('/api/admin/clock'))));
  clock
    .command('confirm')
    .description('say that wall time is right as it stands: nothing is skipped any more')
    .option('--reason <text>', 'for the audit log')
    .action(
      action(mount, async (context: Context, { reason }: { readonly reason?: string }) =>
        print(context, await context.client.post<ClockView>('/api/admin/clock/confirm', { reason })),
      ),
    );
  return clock;
}

function print({ out }: Context, view: ClockView): void {
  out.fields(view, [
    ['wall time', time(view.wall_ms)],
    ['grant time', time(view.grant_ms)],
    ['skipped', `${view.skipped_ms} ms`],
  ]);
}
