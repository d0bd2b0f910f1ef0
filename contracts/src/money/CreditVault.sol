// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../interfaces/ICreditVault.sol";
import {ISettlementTreasury} from "../interfaces/ISettlementTreasury.sol";
import {Beneficiaries} from "../libraries/Beneficiaries.sol";
import {Guard} from "../libraries/Guard.sol";
import {CreditVenue} from "../token/CreditVenue.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @dev Has no owner, no pause and no parameters. What credits move by is measured nowhere here: `CreditToken` takes no fee and lets nobody but the vault itself bring credits in.
contract CreditVault is ICreditVault, CreditVenue, Guard {
    using SafeERC20 for IERC20;

    /// @inheritdoc ICreditVault
    IERC20 public immutable credits;
    /// @inheritdoc ICreditVault
    address public immutable channels;
    /// @inheritdoc ICreditVault
    address public immutable treasury;

    mapping(bytes32 accountId => Account) private _accounts;
    /// @inheritdoc ICreditVault
    mapping(bytes32 beneficiary => uint128) public owedTo;
    /// @inheritdoc ICreditVault
    uint128 public totalHeld;
    /// @inheritdoc ICreditVault
    uint128 public totalOwed;

    modifier only(address module) {
        if (msg.sender != module) revert OnlyModule(msg.sender, module);
        _;
    }

    constructor(IERC20 credits_, address channels_, address treasury_) {
        if (address(credits_) == address(0) || channels_ == address(0) || treasury_ == address(0)) revert ZeroAddress();
        credits = credits_;
        channels = channels_;
        treasury = treasury_;
    }

    /// @inheritdoc ICreditVault
    function accountOf(bytes32 accountId) external view returns (Account memory) {
        return _accounts[accountId];
    }

    /// @inheritdoc ICreditVault
    function fund(bytes32 accountId, address from, uint128 amount) external only(channels) nonReentrant {
        if (amount == 0) revert ZeroAmount();
        uint128 deposited = _accounts[accountId].deposited + amount;
        _accounts[accountId].deposited = deposited;
        totalHeld += amount;
        emit Funded(accountId, from, amount, deposited);
        credits.safeTransferFrom(from, address(this), amount);
    }

    /// @inheritdoc ICreditVault
    function move(bytes32 fromId, bytes32 toId, uint128 amount) external only(channels) nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Account storage source = _accounts[fromId];
        uint128 free = source.deposited - source.claimed;
        if (amount > free) revert Insufficient(fromId, amount, free);
        uint128 fromDeposited = source.deposited - amount;
        source.deposited = fromDeposited;
        uint128 toDeposited = _accounts[toId].deposited + amount;
        _accounts[toId].deposited = toDeposited;
        emit Moved(fromId, toId, amount, fromDeposited, toDeposited);
    }

    /// @inheritdoc ICreditVault
    function settle(bytes32 providerId, bytes32[] calldata accountIds, uint128[] calldata totals)
        external
        only(channels)
        nonReentrant
        returns (uint128 amount, uint128[] memory reached)
    {
        if (accountIds.length != totals.length) revert LengthMismatch();
        reached = new uint128[](totals.length);
        for (uint256 i = 0; i < totals.length; ++i) {
            // One slot, written at most once. An account that stands here twice is read as the first time left it.
            Account storage account = _accounts[accountIds[i]];
            (uint128 total, uint128 deposited, uint128 claimed) = (totals[i], account.deposited, account.claimed);
            if (total > deposited) total = deposited;
            if (total <= claimed) continue;
            account.claimed = total;
            reached[i] = total;
            amount += total - claimed;
        }
        if (amount > 0) _book(providerId, amount);
    }

    /// @inheritdoc ICreditVault
    function release(bytes32 accountId, address to) external only(channels) nonReentrant returns (uint128 amount) {
        if (to == address(0)) revert ZeroAddress();
        Account storage account = _accounts[accountId];
        uint128 claimed = account.claimed;
        amount = account.deposited - claimed;
        if (amount == 0) return 0;
        account.deposited = claimed;
        totalHeld -= amount;
        emit Released(accountId, to, amount, claimed);
        credits.safeTransfer(to, amount);
    }

    /// @inheritdoc ICreditVault
    function payOut(bytes32 beneficiary, address to, uint128 amount) external only(treasury) nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0)) revert ZeroAddress();
        uint128 owed = owedTo[beneficiary];
        if (amount > owed) revert Insufficient(beneficiary, amount, owed);
        owed -= amount;
        owedTo[beneficiary] = owed;
        totalOwed -= amount;
        emit PaidOut(beneficiary, to, amount, owed);
        credits.safeTransfer(to, amount);
    }

    /// @dev Books a settlement: what was held is owed now, in four shares. The treasury is part of this system and calls nobody.
    function _book(bytes32 providerId, uint128 amount) private {
        ISettlementTreasury.Shares memory shares = ISettlementTreasury(treasury).record(providerId, amount);
        // That the shares sum to the amount is the treasury's word; the sum is checked here because the vault's books stand on it.
        if (uint256(shares.provider) + shares.oracles + shares.reserve + shares.protocol != amount) revert SharesMismatch(amount);
        totalHeld -= amount;
        totalOwed += amount;
        uint128 owedProvider = owedTo[providerId] + shares.provider;
        owedTo[providerId] = owedProvider;
        if (shares.oracles > 0) owedTo[Beneficiaries.ORACLES] += shares.oracles;
        if (shares.reserve > 0) owedTo[Beneficiaries.RESERVE] += shares.reserve;
        if (shares.protocol > 0) owedTo[Beneficiaries.PROTOCOL] += shares.protocol;
        emit Settled(providerId, amount, amount - shares.provider, owedProvider);
    }
}
