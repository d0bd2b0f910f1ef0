// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {PaymentEscrow} from "../../src/stakes/PaymentEscrow.sol";
import {StakesWorld} from "../support/StakesWorld.sol";
import {
    EscrowByArgument,
    EscrowSlashedByTheKey,
    EscrowWithOneAdmin,
    EscrowWithTenDecimals,
    PurchaseByDefaultAddress
} from "./EscrowFlaws.sol";

/// @notice Known flaws of stake escrows: each attack works on a flawed contract, and the same attack fails on ours.
contract EscrowFlawsTest is StakesWorld {
    bytes32 private _stakeId;

    function setUp() public override {
        super.setUp();
        vm.prank(buyer);
        _stakeId = escrow.stake{value: 1 ether}(LISTING, 1 ether);
    }

    function test_identityFromAnArgument() public {
        EscrowByArgument flawed = new EscrowByArgument();
        vm.prank(buyer);
        flawed.purchase{value: 1 ether}(buyer, 1, 1000, false);
        address thief = named("thief");
        vm.prank(thief);
        flawed.withdraw(buyer, 1, payable(thief));
        assertEq(thief.balance, 1 ether, "flawed: another's stake is taken");

        vm.startPrank(thief);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, thief, _stakeId));
        escrow.requestWithdraw(_stakeId, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, thief, _stakeId));
        escrow.withdraw(_stakeId, thief);
    }

    function test_aFlagThatIsBelieved() public {
        EscrowByArgument flawed = new EscrowByArgument();
        vm.prank(stranger);
        flawed.purchase(stranger, 1, 1_000_000, true);
        assertEq(flawed.quotaOf(stranger, 1), 1_000_000, "flawed: a quota without a stake");

        bytes32 none = escrow.stakeIdOf(stranger, LISTING);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.NotStaked.selector, none));
        escrow.upgrade(LISTING, 1_000_000);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.StakeTooSmall.selector, 0, 0.1 ether));
        escrow.stake(LISTING, 1_000_000);
        assertTrue(!escrow.isCovered(none), "no access");
    }

    function test_oneAdminSlashesAtOnce() public {
        address admin = named("admin");
        EscrowWithOneAdmin flawed = new EscrowWithOneAdmin(admin);
        vm.prank(buyer);
        flawed.stake{value: 1 ether}();
        vm.prank(admin);
        flawed.slash(buyer, payable(admin), "because");
        assertEq(admin.balance, 1 ether, "flawed: all of it, at once, to the admin");

        // Even one hand with every role of a stake: no more than the cap, not before the owner was heard, and to nobody but the beneficiary.
        authority.grantRole(3, admin, 0);
        authority.grantRole(5, admin, 0);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, _stakeId, 1 ether, 0.5 ether));
        escrow.proposeSlash(_stakeId, 1 ether, REASON);
        bytes32 slashId = escrow.proposeSlash(_stakeId, 0.5 ether, REASON);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + APPEAL));
        escrow.execute(slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, slashId, IStakes.SlashState.Proposed));
        escrow.decide(slashId, true);
        vm.warp(START + APPEAL);
        escrow.execute(slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotBeneficiary.selector, admin));
        escrow.collect(admin);
        vm.stopPrank();
        assertEq(escrow.stayingOf(_stakeId), 0.5 ether, "the rest is the buyer's");
    }

    function test_aZeroDefaultAddress() public {
        PurchaseByDefaultAddress flawed = new PurchaseByDefaultAddress(payable(address(0)));
        uint256 before = address(0).balance;
        vm.prank(buyer);
        flawed.purchase{value: 1 ether}();
        assertTrue(flawed.hasAccess(buyer), "flawed: it looks staked");
        assertEq(address(0).balance - before, 1 ether, "flawed: and the stake is burnt");

        vm.expectRevert(IStakes.ZeroAddress.selector);
        new PaymentEscrow(address(authority), address(0), beneficiary);
        vm.expectRevert(IStakes.ZeroAddress.selector);
        new PaymentEscrow(address(authority), address(governor), address(0));
        vm.expectRevert(IStakes.ZeroAddress.selector);
        vm.prank(buyer);
        escrow.withdraw(_stakeId, address(0));
    }

    function test_aStolenKeySlashesItsVictim() public {
        bytes32 key = keccak256("the buyer's key");
        EscrowSlashedByTheKey flawed = new EscrowSlashedByTheKey();
        vm.prank(buyer);
        flawed.stake{value: 1 ether}(keccak256(abi.encode(key)));
        address thief = named("thief");
        vm.prank(thief);
        flawed.reportMisuse(key);
        assertEq(thief.balance, 0.5 ether, "flawed: the thief is paid");
        assertEq(flawed.stakeOf(keccak256(abi.encode(key))), 0, "flawed: the victim pays");

        // The thief can propose nothing, and gains nothing. Where the proposer believes it, the victim is heard and keeps everything.
        vm.expectRevert(_unauthorized(thief));
        vm.prank(thief);
        escrow.proposeSlash(_stakeId, 0.5 ether, key);
        vm.prank(proposer);
        bytes32 slashId = escrow.proposeSlash(_stakeId, 0.5 ether, key);
        vm.prank(buyer);
        escrow.appeal(slashId, keccak256("stolen, and reported in time"));
        vm.warp(START + APPEAL + DECISION);
        escrow.dismiss(slashId);
        assertEq(escrow.stayingOf(_stakeId), 1 ether, "all of it");
    }

    function testFuzz_decimalsThatLoseWei(uint128 amount) public {
        amount = uint128(bound(amount, 0.1 ether, 1_000 ether));
        if (amount % 1e8 == 0) ++amount;
        address owner = address(0xbeef05);
        vm.deal(owner, amount);
        EscrowWithTenDecimals flawed = new EscrowWithTenDecimals();
        vm.startPrank(owner);
        flawed.stake{value: amount}();
        flawed.withdraw();
        assertEq(owner.balance, amount - amount % 1e8, "flawed: the rest is lost");
        vm.stopPrank();

        vm.deal(owner, amount);
        vm.startPrank(owner);
        bytes32 stakeId = escrow.stake{value: amount}(LISTING, 1);
        escrow.requestWithdraw(stakeId, amount);
        vm.warp(START + 7 days);
        escrow.withdraw(stakeId, owner);
        assertEq(owner.balance, amount, "to the wei");
    }
}
