// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The only custodian of credits
/// @notice Holds all credits of channels, of the locks under them, and of payouts not yet drawn. It knows no signatures: `SessionChannels` says
/// what is claimed, `SettlementTreasury` who is paid; the vault keeps the sums. At every moment
/// Σ (deposited − claimed) + Σ owed = its balance of credits.
interface ICreditVault {
    /// @notice Credits of one channel or one lock. `claimed` never falls and never passes `deposited`, which falls only by `move` and `release`.
    struct Account {
        uint128 deposited;
        uint128 claimed;
    }

    /// @notice Only `allowed` may call this.
    error OnlyModule(address caller, address allowed);
    error ZeroAmount();
    error LengthMismatch();
    /// @notice More than what is deposited and not claimed of an account, or than what is owed to a beneficiary.
    error Insufficient(bytes32 id, uint128 wanted, uint128 free);
    /// @notice The treasury's shares do not sum to the amount.
    error SharesMismatch(uint128 amount);
    error ZeroAddress();

    /// @notice Totals after the change.
    event Funded(bytes32 indexed accountId, address indexed from, uint128 amount, uint128 deposited);
    event Moved(bytes32 indexed fromId, bytes32 indexed toId, uint128 amount, uint128 fromDeposited, uint128 toDeposited);
    /// @notice `claimed` is also what stays deposited: nothing is free any more.
    event Released(bytes32 indexed accountId, address indexed to, uint128 amount, uint128 claimed);
    /// @notice One settlement of a provider: `amount` = Σ of what its accounts newly claimed, of which `fees` went to oracles, reserve and protocol.
    event Settled(bytes32 indexed providerId, uint128 amount, uint128 fees, uint128 owedProvider);
    /// @notice `owed` is what is left.
    event PaidOut(bytes32 indexed beneficiary, address indexed to, uint128 amount, uint128 owed);

    function credits() external view returns (IERC20);
    function channels() external view returns (address);
    function treasury() external view returns (address);
    function accountOf(bytes32 accountId) external view returns (Account memory);
    /// @return what `beneficiary` (a provider id, or one of the treasury's keys) may draw, credit base units.
    function owedTo(bytes32 beneficiary) external view returns (uint128);
    /// @return Σ (deposited − claimed) over all accounts, credit base units.
    function totalHeld() external view returns (uint128);
    /// @return Σ owed, credit base units.
    function totalOwed() external view returns (uint128);

    /// @notice Takes credits from `from`, who allowed the vault to. Only `SessionChannels`.
    function fund(bytes32 accountId, address from, uint128 amount) external;
    /// @notice Moves unclaimed credits between a channel and a lock under it. Only `SessionChannels`.
    function move(bytes32 fromId, bytes32 toId, uint128 amount) external;
    /// @notice Settles cumulative claims of one provider: `totals[i]` is all that was ever claimed of `accountIds[i]`, which may stand there more than once. A total that did not rise is no
    /// fault and moves nothing: an older claim that arrives later is one of a race, not a lie. A total above the deposit takes what there is: else one tenant that moves its credits just
    /// before could undo the claims of all others in the call. Only `SessionChannels`.
    /// @return amount Σ of the rises, credit base units.
    /// @return reached what is claimed of `accountIds[i]` now, where it rose; 0 where it did not.
    function settle(bytes32 providerId, bytes32[] calldata accountIds, uint128[] calldata totals)
        external
        returns (uint128 amount, uint128[] memory reached);
    /// @notice Pays all unclaimed credits of an account to `to`; 0 is no fault. Only `SessionChannels`.
    /// @return amount paid, credit base units.
    function release(bytes32 accountId, address to) external returns (uint128 amount);
    /// @notice Pays `amount` of what is owed to `beneficiary` to `to`. Only `SettlementTreasury`.
    function payOut(bytes32 beneficiary, address to, uint128 amount) external;
}
